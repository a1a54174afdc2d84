"""Backward: from a dose to its maker, with the temperature life of what was injected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.exposure import Limits, expose
from traceapp.trace.check import findings_of_dose
from traceapp.trace.correction import history_of
from traceapp.trace.exposure import Climate, exposure_document
from traceapp.trace.history import History, Stretch
from traceapp.trace.lot import lot_document, source_document
from traceapp.trace.path import certain_exposure, excursions_along, path_documents
from traceapp.trace.place import Places
from traceapp.trace.recipient import masked
from traceapp.trace.scope import Scope
from traceapp.watch.limit import limits_of_product


def trace_dose(session: Session, scope: Scope, code: str) -> dict[str, Any] | None:
    """The `dose trace` of the contract; None for a dose that is not to be seen."""
    row = session.execute(
        select(Dose, Site).join(Site, Site.id == Dose.site_id).where(Dose.code == code)
    ).one_or_none()
    if row is None or not scope.sees_site(row[1].code, row[1].division_code):
        return None
    dose, site = row
    lot = session.get(Lot, dose.lot_id) if dose.lot_id else None
    # Whoever asks for it again finds it in the session as long as we hold it.
    product = session.get(Product, lot.gtin) if lot else None
    limits = limits_of_product(product) if lot else Limits()
    climate = Climate(session)
    stretches = stretches_of_dose(session, dose)
    total = certain_exposure(climate, stretches, limits) if stretches else expose([], limits)
    return {
        "dose": dose_document(session, dose, site),
        "lot": lot_document(session, lot) if lot else None,
        "source": source_document(session, lot) if lot else None,
        "path": path_documents(Places(session), climate, stretches, limits),
        "exposure": exposure_document(total, limits),
        "excursions": excursions_along(session, stretches),
        "findings": findings_of_dose(session, dose, stretches, climate, limits),
    }


def stretches_of_dose(session: Session, dose: Dose) -> Sequence[Stretch]:
    """Where what was injected had been; empty where the record knows no stock there."""
    if dose.lot_id is None:
        return []
    units = [dose.unit_id] if dose.unit_id else units_of_site(session, dose.site_id)
    return History(session, dose.lot_id, dose.pack_key).before(units, dose.at)


def units_of_site(session: Session, site_id: int) -> list[int]:
    """The row ids of a site's units."""
    return list(session.scalars(select(Unit.id).where(Unit.site_id == site_id).order_by(Unit.id)))


def dose_document(session: Session, dose: Dose, site: Site) -> dict[str, Any]:
    """A dose as it was recorded, the person masked, or None once forgotten."""
    recipient = session.get_one(Recipient, dose.recipient_id) if dose.recipient_id else None
    unit = session.get(Unit, dose.unit_id) if dose.unit_id else None
    return {
        "id": dose.code,
        "at": dose.at,
        "site": site.code,
        "site_name": site.name,
        "unit": unit.code if unit else None,
        "pack": dose.pack_code,
        "recipient": masked(recipient),
        "dose_number": dose.dose_number,
        "vaccinator": dose.vaccinator,
        "route": dose.route,
        "body_site": dose.body_site,
        "recorded_at": dose.recorded_at,
        "in_force": dose.is_in_force,
        "history": history_of(session, "dose", dose.code),
    }
