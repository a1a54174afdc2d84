"""Movements: each is a fact, kept even when the ledger cannot explain it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from schemas.correction import correcting
from schemas.document import Refusal
from schemas.movement import STEPS, Movement
from schemas.packing import Packing
from traceapp.capture.adoption import adopt_doses
from traceapp.capture.correction import (
    note_correction,
    packs_of_stories,
    refuse_correction,
    settle_corrections,
)
from traceapp.capture.departure import departures_among
from traceapp.capture.judging import judge_sensors
from traceapp.capture.ledger import Booking
from traceapp.capture.lot import hold_new_lots, know_lot, tell_sources
from traceapp.capture.pack import name_packs
from traceapp.capture.pack_finding import judge_packs
from traceapp.capture.pack_hold import hold_packs, keys_of_text
from traceapp.capture.packing import find_packing_unit, record_packing
from traceapp.capture.receipt import Receipt, refuse_future
from traceapp.capture.rejection import digest, keep_conflict
from traceapp.capture.story import lock_stories
from traceapp.models.movement import Movement as MovementRow
from traceapp.models.packing import Packing as PackingRow
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.watch.post import sensors_of
from traceapp.watch.profile import counting_journeys, load_profiles


@dataclass(frozen=True, slots=True)
class MovementMessage:
    """Movements as they came together; `site` is the code of who reports (None over HTTP).

    `within` is the division whose officer reports, and may correct what sites below it reported.
    """

    site: str | None
    movements: Sequence[Movement | Packing]
    within: str | None = None


class Refused(Exception):
    """A movement that cannot be taken as it is; carries the Refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def record_movements(
    session: Session, messages: Sequence[MovementMessage], now: datetime
) -> list[Receipt]:
    """Store movements and bring the ledgers of their lots up to date; one receipt a message.

    Packings say what is in what: they touch no ledger, but may tell a dose its lot.
    """
    _hold(session, messages)
    receipts: list[Receipt] = []
    booking = Booking()
    named: set[str] = set()
    fresh: dict[str, MovementRow] = {}
    for message in messages:
        receipt = Receipt()
        for index, movement in enumerate(message.movements):
            try:
                row = _record(session, movement, message, now, named)
            except Refused as refused:
                receipt.refusals.append(refused.refusal.at_place(index))
                continue
            if row is None:
                receipt.repeated += 1
                continue
            receipt.stored += 1
            if isinstance(row, MovementRow):
                fresh[row.code] = row
                booking.add_movement(row)
        receipts.append(receipt)
    settled = settle_corrections(session, "movement", fresh)
    hold_packs(session, settled.packs)  # Some may be of what waited for a fact that came now.
    for corrected in settled.rows:
        booking.take_again(corrected)
    named |= settled.packs
    tell_sources(session, booking.lot_ids)
    adopted, packs = adopt_doses(session, booking.lot_ids, named)
    for dose, lot_before in adopted:
        if dose.is_in_force:
            booking.move_dose(dose, lot_before)
    booking.write(session)
    judge_packs(session, packs, departures_among([*fresh.values(), *settled.rows]))
    if sensors := _counting_sensors(session, booking.lot_ids):
        judge_sensors(session, sensors, now)
    return receipts


def _hold(session: Session, messages: Sequence[MovementMessage]) -> None:
    """Hold what others may be writing of the same stories, packs and lots, before all is stored."""
    told = [one for message in messages for one in message.movements]
    corrected: dict[str, str | None] = {}
    for movement in told:
        said = correcting(movement) if isinstance(movement, Movement) else None
        corrected[movement.id] = said.corrects if said else corrected.get(movement.id)
    lock_stories(session, "movement", corrected)
    texts = {text for one in told for text in one.packs}
    texts |= {one.parent for one in told if isinstance(one, Packing)}
    named = {key for text in texts for key in keys_of_text(text)}
    hold_packs(session, named | packs_of_stories(session, corrected.values()))
    hold_new_lots(session, [one.lot for one in told if isinstance(one, Movement)])


def _counting_sensors(session: Session, lot_ids: Collection[int]) -> set[int]:
    """The sensors of carriers of these lots whose rules count anew with each journey."""
    wanted = select(MovementRow.carrier_id).where(MovementRow.lot_id.in_(lot_ids)).distinct()
    carriers = {carrier for carrier in session.scalars(wanted) if carrier is not None}
    counting = counting_journeys(load_profiles(session, carriers)) if carriers else set()
    return sensors_of(session, counting) if counting else set()


def _home(session: Session, movement: Movement, site: str | None) -> Site:
    """The site whose business a movement of known units is; refuses another's report of it."""
    _, unit = movement.reporting_unit
    home = _site_of(session, unit)
    if movement.step == "storing" and _site_of(session, movement.target).id != home.id:
        raise Refused(Refusal("invalid", "to", f"a unit of {home.code}", str(movement.target)))
    if site is not None and home.code != site:
        raise Refused(Refusal("not_the_reporter", "site", f"a report by {home.code}", site))
    return home


def _site_of(session: Session, unit: str | None) -> Site:
    query = select(Site).join(Unit, Unit.site_id == Site.id).where(Unit.code == unit)
    return session.scalars(query).one()


def _record(
    session: Session,
    came: Movement | Packing,
    message: MovementMessage,
    now: datetime,
    named: set[str],
) -> MovementRow | PackingRow | None:
    """Store one movement or packing; returns its row, or None for one known already.

    The keys of the packs that it names are added to `named`.
    """
    content = _content(came)
    known = session.scalars(
        union_all(
            select(MovementRow.digest).where(MovementRow.code == came.id),
            select(PackingRow.digest).where(PackingRow.code == came.id),
        )
    ).first()
    if known is not None:
        _compare(session, came, known, content, message.site, now)
        return None
    if future := refuse_future(came.at, now):
        raise Refused(future)
    if isinstance(came, Packing):
        return _pack(session, came, message.site, now, named)
    return _move(session, came, message, now, named, digest(content))


def _pack(
    session: Session, packing: Packing, site: str | None, now: datetime, named: set[str]
) -> PackingRow:
    unit = find_packing_unit(session, packing, site)
    if isinstance(unit, Refusal):
        raise Refused(unit)
    recorded = record_packing(session, packing, unit, now)
    if isinstance(recorded, Refusal):
        raise Refused(recorded)
    row, keys = recorded
    named |= keys
    return row


def _move(
    session: Session,
    movement: Movement,
    message: MovementMessage,
    now: datetime,
    named: set[str],
    content_digest: str,
) -> MovementRow:
    places = _places(session, movement)
    home = _home(session, movement, message.site)
    if said := correcting(movement):
        refusal = refuse_correction(session, "movement", said, home, message.within, now)
        if refusal is not None:
            raise Refused(refusal)
    lot = know_lot(session, movement.lot)
    row = MovementRow(
        code=movement.id,
        at=movement.at,
        step=movement.step,
        lot_id=lot.id,
        doses=movement.doses,
        site_id=home.id,
        document=movement.document,
        operator=movement.operator,
        reason=movement.reason,
        witnesses=list(movement.witnesses) or None,
        made_on=movement.made_on,
        expires_on=movement.expires_on,
        release=movement.release,
        digest=content_digest,
        recorded_at=now,
        **places,
    )
    session.add(row)
    session.flush()
    if said is not None:
        note_correction(session, "movement", said, message.within, now)
    named |= name_packs(session, row, movement.lot, movement.packs)
    return row


def _compare(
    session: Session,
    movement: Movement | Packing,
    known: str,
    content: dict[str, Any],
    site: str | None,
    now: datetime,
) -> None:
    if known == digest(content):
        return
    keep_conflict(session, "movement", movement.id, {"digest": known}, content, now, site)
    raise Refused(Refusal("conflict", "id", "the content first sent with this id", movement.id))


def _content(movement: Movement | Packing) -> dict[str, Any]:
    content = asdict(movement)
    content["packs"] = sorted(movement.packs)
    return content


def _places(session: Session, movement: Movement) -> dict[str, int | None]:
    source, target = STEPS[movement.step]
    places: dict[str, int | None] = {}
    for field, kind, code in (
        ("from", source, movement.source),
        ("to", target, movement.target),
        ("carrier", "unit", movement.carrier),
    ):
        column = "carrier_id" if field == "carrier" else f"{field}_{kind}_id"
        if kind is None or code is None:
            continue
        model = Unit if kind == "unit" else Site
        found = session.scalar(select(model.id).where(model.code == code))
        if found is None:
            raise Refused(Refusal(f"unknown_{kind}", field, f"a registered {kind}", code))
        places[column] = found
    return places
