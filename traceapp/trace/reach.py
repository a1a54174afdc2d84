"""Whether what somebody names lies in their scope; what does not exist does not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.stock import Turnover
from traceapp.models.unit import Unit
from traceapp.trace.scope import Scope
from traceapp.watch.pack import lots_of_packs


def reaches_site(session: Session, scope: Scope, code: str) -> bool:
    """Whether a registered site lies in the scope."""
    found = session.scalar(select(Site.id).where(Site.code == code, scope.sites()))
    return found is not None


def reaches_unit(session: Session, scope: Scope, code: str) -> bool:
    """Whether a registered unit stands at a site in the scope."""
    query = select(Unit.id).join(Site, Site.id == Unit.site_id)
    return session.scalar(query.where(Unit.code == code, scope.sites())) is not None


def reaches_dose(session: Session, scope: Scope, code: str) -> bool:
    """Whether a dose was given at a site in the scope."""
    query = select(Dose.id).join(Site, Site.id == Dose.site_id)
    return session.scalar(query.where(Dose.code == code, scope.sites())) is not None


def find_lot_within(session: Session, scope: Scope, gtin: str, number: str) -> Lot | None:
    """The lot of that key, where the scope reaches it."""
    key = Lot.gtin == gtin, Lot.number == number
    return session.scalar(select(Lot).where(*key, is_lot_within(scope)))


def lots_of_pack(session: Session, scope: Scope, keys: Iterable[str]) -> Select[Lot]:
    """The query for the lots in the scope whose movements named a pack, or a case around it."""
    return select(Lot).where(Lot.id.in_(lots_of_packs(session, keys)), is_lot_within(scope))


def is_lot_within(scope: Scope) -> ColumnElement[bool]:
    """The condition that a site in the scope reported something of a lot, or was sent some."""
    if scope.is_country:
        return true()
    sites = select(Site.id).where(scope.sites())
    return (
        select(Turnover.lot_id)
        .where(Turnover.lot_id == Lot.id, Turnover.site_id.in_(sites))
        .exists()
    )


def reaches_sensor(session: Session, scope: Scope, code: str) -> bool:
    """Whether a sensor stands in the scope now; one that stands nowhere is anybody's to report.

    Its readings are kept until somebody registers it.
    """
    sites = session.scalars(_sites_of_sensor(code)).all()
    return all(scope.sees_site(site.code, site.division_code) for site in sites)


def site_of_sensor(session: Session, code: str) -> str | None:
    """Return the code of the site where a sensor stands now."""
    site = session.scalars(_sites_of_sensor(code)).first()
    return None if site is None else site.code


def site_of_unit(session: Session, code: str) -> str | None:
    """Return the code of the site where a unit stands."""
    query = select(Site.code).join(Unit, Unit.site_id == Site.id)
    return session.scalar(query.where(Unit.code == code))


def _sites_of_sensor(code: str) -> Select[Site]:
    return (
        select(Site)
        .join(Unit, Unit.site_id == Site.id)
        .join(Attachment, Attachment.unit_id == Unit.id)
        .join(Sensor, Sensor.id == Attachment.sensor_id)
        .where(Sensor.code == code, Attachment.until_at.is_(None))
    )


def exists(session: Session, kind: str, code: str) -> bool:
    """Whether a site, unit or sensor of that code is known, wherever it is."""
    if kind == "site":
        return session.scalar(select(Site.id).where(Site.code == code)) is not None
    if kind == "unit":
        return session.scalar(select(Unit.id).where(Unit.code == code)) is not None
    return session.scalar(select(Sensor.id).where(Sensor.code == code)) is not None
