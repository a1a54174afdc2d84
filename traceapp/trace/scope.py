"""Which part of the country somebody may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, true

from traceapp.models.site import Site


def division_prefix(code: str) -> str:
    """The digits that a division and all below it begin with: 450000 → 45, 451400 → 4514.

    GB/T 2260 fills a province's and a city's code up with pairs of zeros.
    """
    while code.endswith("00"):
        code = code[:-2]
    return code


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
        if prefix := division_prefix(self.division):
            conditions.append(site.division_code.startswith(prefix, autoescape=True))
        if self.site is not None:
            conditions.append(site.code == self.site)
        return and_(true(), *conditions)
