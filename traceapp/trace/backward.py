"""Backward: from a dose to its maker, with the temperature life of what was injected."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from traceapp.rules.exposure import expose
from traceapp.trace.correction import history_of
from traceapp.trace.dose import DoseRecord, find_dose
from traceapp.trace.dose_finding import DoseFindings
from traceapp.trace.dose_way import DoseWays
from traceapp.trace.exposure import Climate, exposure_document
from traceapp.trace.lot import name_of_lot, source_of_lot
from traceapp.trace.path import certain_exposure, excursions_along, path_documents
from traceapp.trace.place import Places
from traceapp.trace.recipient import masked
from traceapp.trace.scope import Scope


def trace_dose(session: Session, scope: Scope, code: str) -> dict[str, Any] | None:
    """The `dose trace` of the contract; None for a dose that is not to be seen."""
    record = find_dose(session, code)
    if record is None or not scope.sees_site(record.site.code, record.site.division_code):
        return None
    lot, climate, limits = record.lot, Climate(session), record.limits
    ways = DoseWays(session, [record])
    stretches = ways.look(climate, [record])[record.dose.id]
    total = certain_exposure(climate, stretches, limits) if stretches else expose([], limits)
    return {
        "dose": _document(session, record),
        "lot": name_of_lot(lot, record.product) if lot else None,
        "source": source_of_lot(lot, record.product) if lot else None,
        "path": path_documents(Places(session), climate, stretches, limits),
        "exposure": exposure_document(total, limits),
        "excursions": excursions_along(session, stretches),
        "findings": DoseFindings(session, [record], ways, climate).of(record, stretches),
    }


def _document(session: Session, record: DoseRecord) -> dict[str, Any]:
    """A dose as it was recorded, the person masked, or None once forgotten."""
    dose, site, unit = record.dose, record.site, record.unit
    return {
        "id": dose.code,
        "at": dose.at,
        "site": site.code,
        "site_name": site.name,
        "unit": unit.code if unit else None,
        "pack": dose.pack_code,
        "recipient": masked(record.recipient),
        "dose_number": dose.dose_number,
        "vaccinator": dose.vaccinator,
        "route": dose.route,
        "body_site": dose.body_site,
        "recorded_at": dose.recorded_at,
        "in_force": dose.is_in_force,
        "history": history_of(session, "dose", dose.code) if record.was_corrected else [],
    }
