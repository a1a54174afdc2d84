"""Adverse events: recorded once against a dose, corrected by a further report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.adverse_event import AdverseEvent
from traceapp.capture.receipt import refuse_future
from traceapp.capture.rejection import digest, keep_conflict
from traceapp.models.adverse_event import AdverseEvent as EventRow
from traceapp.models.dose import Dose
from traceapp.models.site import Site
from traceapp.rules.calendar import CHINA
from traceapp.vault import KeyUnknown, SealBroken, SealedText, Vault


class EventRefused(ValueError):
    """A report that cannot be of this dose; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of a report: new, repeated, or in conflict with what was first reported."""

    is_new: bool
    is_conflict: bool = False


def record_adverse_event(
    session: Session, dose_code: str, event: AdverseEvent, vault: Vault, now: datetime
) -> EventOutcome:
    """Store a report against a known dose; the same again changes nothing.

    Other content under a known id is kept as a conflict, without its words. Raises EventRefused.
    """
    # The dose is held, so that of two who report or correct at once one learns of the other.
    dose = session.scalars(
        select(Dose).where(Dose.code == dose_code).with_for_update(key_share=True)
    ).one()
    content = {**asdict(event), "dose": dose_code}
    content["has_description"] = content.pop("description") is not None
    known = session.scalar(select(EventRow).where(EventRow.code == event.id))
    if known is not None:
        words = _words_again(known, event.description, vault)
        is_conflict = known.digest != digest(content) or words == "others"
        if is_conflict:
            site = session.scalar(select(Site.code).where(Site.id == dose.site_id))
            came = {**content, "description": words}
            keep_conflict(
                session, "adverse_event", event.id, {"digest": known.digest}, came, now, site
            )
        return EventOutcome(is_new=False, is_conflict=is_conflict)
    _check(dose, event, now)
    sealed = vault.seal_text(event.description, event.id) if event.description else None
    session.add(
        EventRow(
            code=event.id,
            dose_id=dose.id,
            corrects_id=_corrected(session, dose, event.corrects),
            onset_at=event.onset_at,
            events=list(event.events),
            seriousness=list(event.seriousness),
            outcome=event.outcome,
            died_on=event.died_on,
            reporter=event.reporter,
            reported_at=event.reported_at,
            recorded_at=now,
            digest=digest(content),
            key_id=sealed.key_id if sealed else None,
            sealed=sealed.sealed if sealed else None,
        )
    )
    session.flush()
    return EventOutcome(is_new=True)


def _check(dose: Dose, event: AdverseEvent, now: datetime) -> None:
    for name in ("onset_at", "reported_at"):
        if future := refuse_future(getattr(event, name), now):
            raise EventRefused(name, f"Expected {future.expected}.")
    if event.onset_at < dose.at:
        raise EventRefused("onset_at", "Expected a moment at or after the dose was given.")
    if event.died_on is not None and not _is_possible(event.died_on, dose, event):
        raise EventRefused("died_on", "Expected a day from the dose to the report.")


def _is_possible(died_on: date, dose: Dose, event: AdverseEvent) -> bool:
    first, last = dose.at.astimezone(CHINA).date(), event.reported_at.astimezone(CHINA).date()
    return first <= died_on <= last


def _corrected(session: Session, dose: Dose, code: str | None) -> int | None:
    """The row of the report that is corrected: one of this dose that nobody corrected yet."""
    if code is None:
        return None
    row = session.scalar(select(EventRow).where(EventRow.code == code, EventRow.dose_id == dose.id))
    if row is None:
        raise EventRefused("corrects", "Expected a report about this dose.")
    later = session.scalar(select(EventRow.code).where(EventRow.corrects_id == row.id))
    if later is not None:
        raise EventRefused("corrects", f"Expected the newest report, which is or follows {later}.")
    return row.id


def _words_again(known: EventRow, came: str | None, vault: Vault) -> str:
    """Whether a report says the same in words; nobody can tell where they cannot be read."""
    if known.sealed is None or known.key_id is None:
        return "unknown" if came else "the same"
    try:
        kept: Any = vault.open_text(SealedText(known.key_id, known.sealed), known.code)
    except (KeyUnknown, SealBroken):
        return "unknown"
    return "the same" if kept == came else "others"
