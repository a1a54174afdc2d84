"""Who may correct what others reported."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from sqlalchemy.orm import Session

from schemas.dose import Dose
from traceapp.access.audit import audit
from traceapp.access.reason import without_people
from traceapp.access.role import OFFICERS
from traceapp.access.visitor import Visitor
from traceapp.models.division import division_prefix


def corrects_within(who: Visitor) -> str | None:
    """What the divisions of all sites begin with whose facts somebody may correct.

    None for those who may correct the facts of the site alone for which they report.
    """
    if who.role not in OFFICERS or who.scope.site is not None:
        return None
    return division_prefix(who.scope.division)


def without_person_in_reason(dose: Dose) -> Dose:
    """A dose whose reason for correcting another does not name the person."""
    if dose.reason is None:
        return dose
    person = asdict(dose.recipient)
    return replace(dose, reason=without_people(dose.reason, [person]))


def audit_dose(session: Session, who: Visitor, dose: Dose, now: datetime) -> None:
    """Write down who recorded a dose, or corrected one and why."""
    if dose.corrects is None:
        audit(session, who.name, "record dose", dose.id, now)
    else:
        detail = {"corrects": dose.corrects, "reason": dose.reason}
        audit(session, who.name, "correct dose", dose.id, now, detail)
