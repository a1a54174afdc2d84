"""Names of units and sites for the documents that mention them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rows import among, among_later, spell_list


@dataclass(frozen=True, slots=True)
class Place:
    """A unit (or None) and its site, by code and name."""

    site: str
    site_name: str
    division: str
    unit: str | None = None
    unit_name: str | None = None


class Places:
    """Units and sites by row id, each read from the database once, alone or with others."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._units: dict[int, Place] = {}
        self._sites: dict[int, Place] = {}

    def know_units(self, unit_ids: Iterable[int]) -> None:
        """Read at once what will be asked about."""
        if missing := sorted(set(unit_ids) - self._units.keys()):
            asked = spell_list(self._session, "units", missing)
            rows = self._session.execute(_units(is_postgresql(self._session)), asked)
            self._units |= {row[0]: Place(*row[1:]) for row in rows}

    def know_sites(self, site_ids: Iterable[int]) -> None:
        """Read at once what will be asked about."""
        if missing := sorted(set(site_ids) - self._sites.keys()):
            rows = self._session.execute(
                select(Site.id, Site.code, Site.name, Site.division_code).where(
                    among(self._session, Site.id, missing)
                )
            )
            self._sites |= {row[0]: Place(*row[1:]) for row in rows}

    def unit(self, unit_id: int) -> Place:
        if unit_id not in self._units:
            self.know_units([unit_id])
        return self._units[unit_id]

    def site(self, site_id: int) -> Place:
        if site_id not in self._sites:
            self.know_sites([site_id])
        return self._sites[site_id]


@lru_cache
def _units(is_on_postgresql: bool) -> Select[*tuple[Any, ...]]:
    """Made once: to make a statement anew each time costs more than the database takes for it."""
    return (
        select(Unit.id, Site.code, Site.name, Site.division_code, Unit.code, Unit.name)
        .join(Unit, Unit.site_id == Site.id)
        .where(among_later(is_on_postgresql, Unit.id, "units"))
    )
