"""Names of units and sites for the documents that mention them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.site import Site
from traceapp.models.unit import Unit


@dataclass(frozen=True, slots=True)
class Place:
    """A unit (or None) and its site, by code and name."""

    site: str
    site_name: str
    division: str
    unit: str | None = None
    unit_name: str | None = None


class Places:
    """Units and sites by row id, each read from the database once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._units: dict[int, Place] = {}
        self._sites: dict[int, Place] = {}

    def unit(self, unit_id: int) -> Place:
        if unit_id not in self._units:
            row = self._session.execute(
                select(Site.code, Site.name, Site.division_code, Unit.code, Unit.name)
                .join(Unit, Unit.site_id == Site.id)
                .where(Unit.id == unit_id)
            ).one()
            self._units[unit_id] = Place(*row)
        return self._units[unit_id]

    def site(self, site_id: int) -> Place:
        if site_id not in self._sites:
            row = self._session.execute(
                select(Site.code, Site.name, Site.division_code).where(Site.id == site_id)
            ).one()
            self._sites[site_id] = Place(*row)
        return self._sites[site_id]
