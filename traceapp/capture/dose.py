"""Doses: what was given is recorded, whatever is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.correction import correcting
from schemas.document import Refusal
from schemas.dose import Dose, Recipient
from traceapp.capture.adoption import adopt_doses
from traceapp.capture.correction import note_correction, refuse_correction, settle_corrections
from traceapp.capture.dose_lot import name_lots
from traceapp.capture.insert import insert
from traceapp.capture.ledger import Booking
from traceapp.capture.pack_finding import judge_packs
from traceapp.capture.receipt import refuse_future
from traceapp.capture.recipient import findings_about, know_recipients, read_person
from traceapp.capture.rejection import digest, keep_conflict
from traceapp.capture.story import lock_stories
from traceapp.models.dose import Dose as DoseRow
from traceapp.models.dose import Recipient as RecipientRow
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rows import among
from traceapp.vault import Vault, mark


class DoseRefused(ValueError):
    """A dose that cannot have been given so: nowhere known, or in the future; `refusal` says."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"Expected {refusal.expected}, got {refusal.got}.")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class DoseOutcome:
    """What became of a report: new, repeated, or in conflict with what was first reported."""

    dose_id: int
    is_new: bool
    is_conflict: bool = False


def record_dose(
    session: Session, dose: Dose, vault: Vault, now: datetime, within: str | None = None
) -> DoseOutcome:
    """Store a dose and book it; the same again changes nothing.

    Another content under a known id is kept as a conflict. Raises DoseRefused for an unknown
    site, a unit that is not of that site, a moment that has not come yet, or a correction of
    what another site reported, unless the officer of a division `within` which it lies corrects.
    """
    [outcome] = record_doses(session, [dose], vault, now, within)
    if isinstance(outcome, DoseRefused):
        raise outcome
    return outcome


def record_doses(
    session: Session,
    doses: Sequence[Dose],
    vault: Vault,
    now: datetime,
    within: str | None = None,
) -> list[DoseOutcome | DoseRefused]:
    """Store doses and book them; what became of each, in their order.

    Each is judged for itself: one that is refused, repeated or in conflict holds up no other.
    """
    _hold_stories(session, doses)
    known = _known(session, (dose.id for dose in doses))
    places = _Places(session, doses)
    refused: dict[int, DoseRefused] = {}
    fresh: dict[str, Dose] = {}
    for number, dose in enumerate(doses):
        if dose.id in known or dose.id in fresh:
            continue
        if (problem := places.refuse(dose, now, within)) is not None:
            refused[number] = problem
        else:
            fresh[dose.id] = dose
    stored, noted = _store(session, fresh, places, vault, now)
    _book(session, stored, fresh, noted, within, now)
    if len(stored) < len(fresh):  # Somebody else stored the rest while we waited for them.
        known |= _known(session, fresh.keys() - stored.keys())
    first = {id(fresh[code]) for code in stored}
    outcomes: list[DoseOutcome | DoseRefused] = []
    for number, dose in enumerate(doses):
        if number in refused:
            outcomes.append(refused[number])
        elif id(dose) in first:
            outcomes.append(DoseOutcome(stored[dose.id].id, is_new=True))
        else:
            row = stored.get(dose.id) or known[dose.id]
            outcomes.append(_compare(session, row, dose, vault, now))
    return outcomes


def _hold_stories(session: Session, doses: Sequence[Dose]) -> None:
    corrected: dict[str, str | None] = {}
    for dose in doses:
        said = correcting(dose)
        corrected[dose.id] = said.corrects if said else corrected.get(dose.id)
    lock_stories(session, "dose", corrected)


def _known(session: Session, codes: Iterable[str]) -> dict[str, DoseRow]:
    rows = session.scalars(select(DoseRow).where(among(session, DoseRow.code, sorted(codes))))
    return {row.code: row for row in rows}


def _compare(
    session: Session, known: DoseRow, dose: Dose, vault: Vault, now: datetime
) -> DoseOutcome:
    content = _content(dose)
    came = {**content, **_person_again(session, known, dose.recipient, vault)}
    is_conflict = digest(content) != known.digest or came["recipient"] == "another"
    if is_conflict:
        keep_conflict(session, "dose", dose.id, {"digest": known.digest}, came, now, dose.site)
    return DoseOutcome(known.id, is_new=False, is_conflict=is_conflict)


def _store(
    session: Session, fresh: dict[str, Dose], places: _Places, vault: Vault, now: datetime
) -> tuple[dict[str, DoseRow], list[int]]:
    """Store new doses, in the order of their ids.

    Returns those that nobody else has stored, and the lots that nobody had named before.
    """
    if not fresh:
        return {}, []
    doses = [fresh[code] for code in sorted(fresh)]
    named, lots = name_lots(session, doses)
    people = know_recipients(session, [dose.recipient for dose in doses], vault)
    rows = [
        {
            "code": dose.id,
            "at": dose.at,
            "site_id": places.site(dose),
            "unit_id": places.unit(dose),
            "lot_id": lots.of(dose.lot or pack.lot, pack),
            "is_lot_told": (dose.lot or pack.lot) is not None,
            "pack_code": dose.pack,
            "pack_key": pack.key,
            "recipient_id": who.id,
            "dose_number": dose.dose_number,
            "vaccinator": dose.vaccinator,
            "route": dose.route,
            "body_site": dose.body_site,
            "digest": digest(_content(dose)),
            "person_digest": mark(who.person, dose.recipient)[0] if who.person else None,
            "person_findings": findings_about(dose.recipient, who.person, dose.at),
            "recorded_at": now,
        }
        for dose, pack, who in zip(doses, named, people, strict=True)
    ]
    added = insert(session, DoseRow).on_conflict_do_nothing().returning(DoseRow)
    return {row.code: row for row in session.scalars(added, rows)}, lots.noted


def _book(
    session: Session,
    stored: dict[str, DoseRow],
    fresh: dict[str, Dose],
    noted: list[int],
    within: str | None,
    now: datetime,
) -> None:
    """Book what was stored, and anew what it corrects or is corrected by; judge its packs.

    Lots noted just now may tell what labels meant that could not be parted before.
    """
    for code in stored:
        if said := correcting(fresh[code]):
            note_correction(session, "dose", said, within, now)
    settled = settle_corrections(session, "dose", stored)
    booking = Booking()
    for row in stored.values():
        booking.add_dose(row)
    for corrected in settled.rows:
        booking.take_again(corrected)
    adopted, packs = adopt_doses(session, noted, ()) if noted else ([], set())
    for dose, lot_before in adopted:
        if dose.is_in_force:
            booking.move_dose(dose, lot_before)
    booking.write(session)
    named = {row.pack_key for row in stored.values() if row.pack_key is not None}
    judge_packs(session, settled.packs | packs | named)


class _Places:
    """The sites and units that doses name, looked up once."""

    def __init__(self, session: Session, doses: Sequence[Dose]) -> None:
        sites, units = {dose.site for dose in doses}, {dose.unit for dose in doses if dose.unit}
        self._session = session
        found_sites = session.scalars(select(Site).where(Site.code.in_(sites)))
        self._sites = {site.code: site for site in found_sites}
        found = session.execute(
            select(Unit.code, Unit.site_id, Unit.id).where(Unit.code.in_(units))
        )
        self._units = {(code, site_id): unit_id for code, site_id, unit_id in found}

    def refuse(self, dose: Dose, now: datetime, within: str | None) -> DoseRefused | None:
        """Why a dose cannot have been given so; None where it can."""
        if future := refuse_future(dose.at, now):
            return DoseRefused(future)
        if dose.site not in self._sites:
            return DoseRefused(Refusal("unknown_site", "site", "a registered site", dose.site))
        if dose.unit is not None and self.unit(dose) is None:
            return DoseRefused(Refusal("invalid", "unit", f"a unit of site {dose.site}", dose.unit))
        if said := correcting(dose):
            site = self._sites[dose.site]
            refusal = refuse_correction(self._session, "dose", said, site, within, now)
            if refusal is not None:
                return DoseRefused(refusal)
        return None

    def site(self, dose: Dose) -> int:
        return self._sites[dose.site].id

    def unit(self, dose: Dose) -> int | None:
        return self._units.get((dose.unit or "", self.site(dose)))


def _content(dose: Dose) -> dict[str, Any]:
    """All that was said of a dose but the person."""
    content = asdict(dose)
    content.pop("recipient")
    return content


def _person_again(
    session: Session, known: DoseRow, came: Recipient, vault: Vault
) -> dict[str, str | None]:
    """Whether a report names the person of a known dose, in words that name nobody.

    Where the person was forgotten, or cannot be read, nobody can tell: it counts as the same.
    """
    row = session.get(RecipientRow, known.recipient_id) if known.recipient_id else None
    person = read_person(row, vault) if row is not None else None
    if person is None or known.person_digest is None:
        return {"recipient": "unknown", "person_digest": None}
    marks = mark(person, came)
    is_same = known.person_digest in marks
    return {"recipient": "the same" if is_same else "another", "person_digest": marks[0]}
