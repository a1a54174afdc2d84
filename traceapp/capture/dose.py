"""Doses: what was given is recorded, whatever is wrong with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.dose import Dose, Recipient
from schemas.lot import LotKey
from traceapp.capture.ledger import Booking
from traceapp.capture.lot import know_lot
from traceapp.capture.receipt import refuse_future
from traceapp.capture.recipient import findings_about, know_recipient, read_person
from traceapp.capture.rejection import digest, keep_conflict
from traceapp.models.dose import Dose as DoseRow
from traceapp.models.dose import Recipient as RecipientRow
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.vault import Vault, mark
from traceapp.watch.pack import Named, identify, lot_of_pack


class DoseRefused(ValueError):
    """A dose that cannot have been given so: nowhere known, or in the future; `field` says."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class DoseOutcome:
    """What became of a report: new, repeated, or in conflict with what was first reported."""

    dose_id: int
    is_new: bool
    is_conflict: bool = False


def record_dose(session: Session, dose: Dose, vault: Vault, now: datetime) -> DoseOutcome:
    """Store a dose and book it; the same again changes nothing.

    Another content under a known id is kept as a conflict. Raises DoseRefused for an unknown
    site, a unit that is not of that site, or a moment that has not come yet.
    """
    content = _content(dose)
    known = session.scalar(select(DoseRow).where(DoseRow.code == dose.id))
    if known is not None:
        came = {**content, **_person_again(session, known, dose.recipient, vault)}
        is_conflict = digest(content) != known.digest or came["recipient"] == "another"
        if is_conflict:
            keep_conflict(session, "dose", dose.id, {"digest": known.digest}, came, now, dose.site)
        return DoseOutcome(known.id, is_new=False, is_conflict=is_conflict)
    if future := refuse_future(dose.at, now):
        raise DoseRefused(future.field, f"Expected {future.expected}.")
    site_id, unit_id = _places(session, dose)
    named = identify(session, dose.pack, dose.lot) if dose.pack else Named(None)
    lot_id = _lot_id(session, dose.lot or named.lot, named)
    who = know_recipient(session, dose.recipient, vault)
    row = DoseRow(
        code=dose.id,
        at=dose.at,
        site_id=site_id,
        unit_id=unit_id,
        lot_id=lot_id,
        pack_code=dose.pack,
        pack_key=named.key,
        recipient_id=who.id,
        dose_number=dose.dose_number,
        vaccinator=dose.vaccinator,
        route=dose.route,
        body_site=dose.body_site,
        digest=digest(content),
        person_digest=mark(who.person, dose.recipient)[0] if who.person else None,
        person_findings=findings_about(dose.recipient, who.person, dose.at),
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    booking = Booking()
    booking.add_dose(row)
    booking.write(session)
    return DoseOutcome(row.id, is_new=True)


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


def _places(session: Session, dose: Dose) -> tuple[int, int | None]:
    site_id = session.scalar(select(Site.id).where(Site.code == dose.site))
    if site_id is None:
        raise DoseRefused("site", f"Expected a registered site, got {dose.site}.")
    if dose.unit is None:
        return site_id, None
    unit_id = session.scalar(select(Unit.id).where(Unit.code == dose.unit, Unit.site_id == site_id))
    if unit_id is None:
        raise DoseRefused("unit", f"Expected a unit of site {dose.site}, got {dose.unit}.")
    return site_id, unit_id


def _lot_id(session: Session, lot: LotKey | None, named: Named) -> int | None:
    if lot is not None:
        return know_lot(session, lot).id
    return lot_of_pack(session, named.key) if named.key else None
