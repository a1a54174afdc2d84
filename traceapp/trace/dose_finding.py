"""What is wrong with doses that were given, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db import among
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.rules.exposure import Limits
from traceapp.trace.backward import stretches_of_dose
from traceapp.trace.check import findings_of_dose
from traceapp.trace.exposure import Climate, limits_of


def findings_of_doses(session: Session, dose_ids: Sequence[int]) -> dict[str, list[dict[str, Any]]]:
    """The findings of doses by their public ids, in the order of their moments."""
    climate = Climate(session)
    wanted = select(Dose).where(among(session, Dose.id, sorted(set(dose_ids))))
    doses = session.scalars(wanted.order_by(Dose.at, Dose.id)).all()
    found: dict[str, list[dict[str, Any]]] = {}
    for dose in doses:
        lot = session.get(Lot, dose.lot_id) if dose.lot_id else None
        limits = limits_of(session, lot.gtin) if lot else Limits()
        stretches = stretches_of_dose(session, dose)
        found[dose.code] = findings_of_dose(session, dose, stretches, climate, limits)
    return found
