"""Which part of the country somebody may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, true

from traceapp.models.division import division_prefix, is_within
from traceapp.models.site import Site


@dataclass(frozen=True, slots=True)
class Scope:
    """A division with everything below it, or one site in it; `division` "" is the country."""

    division: str = ""
    site: str | None = None

    @property
    def is_country(self) -> bool:
        """Whether everything is inside."""
        return not self.division and self.site is None

    def sees_division(self, code: str) -> bool:
        """Whether a division lies wholly inside: one site never holds a division."""
        return self.site is None and code.startswith(division_prefix(self.division))

    def sees_site(self, code: str, division_code: str) -> bool:
        """Whether a site, by its code and its division's, lies inside."""
        is_inside = division_code.startswith(division_prefix(self.division))
        return is_inside and self.site in (None, code)

    def sites(self, site: Any = Site) -> ColumnElement[bool]:
        """The condition that a row of `site` (the table's class or an alias of it) is inside."""
        conditions: list[ColumnElement[bool]] = []
        if self.division:
            conditions.append(is_within(site.division_code, self.division))
        if self.site is not None:
            conditions.append(site.code == self.site)
        return and_(true(), *conditions)
