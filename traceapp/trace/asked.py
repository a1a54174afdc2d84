"""What somebody asks the list of findings for, and the columns of every source of findings.

All have the columns `code`, `lot_id`, `site_id`, `at`, `movement_id`, `dose_id`, `packing_id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, literal, null, or_, select
from sqlalchemy.orm import Session

from traceapp.models.base import BigKey
from traceapp.models.site import Site
from traceapp.trace.scope import Scope


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which lots, sites and moments somebody wants the findings; `scope` is already narrowed.

    `lots` is the query for their row ids, None for all.
    """

    session: Session
    scope: Scope
    lots: Select[int] | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None

    def here(self, *site_ids: Any) -> list[ColumnElement[bool]]:
        """That one of these columns is a site in the scope."""
        if self.scope.is_country:
            return []
        sites = select(Site.id).where(self.scope.sites())
        return [or_(*(column.in_(sites) for column in site_ids))]

    def then(self, at: Any) -> list[ColumnElement[bool]]:
        """That a column's moment is one that was asked for."""
        found = [] if self.from_at is None else [at >= self.from_at]
        return found if self.until_at is None else [*found, at < self.until_at]

    def of(self, lot_id: Any) -> list[ColumnElement[bool]]:
        """That a column is a lot that was asked for."""
        return [] if self.lots is None else [lot_id.in_(self.lots)]


#: For a fact that is no movement, no dose, or no packing.
NO_KEY = cast(null(), BigKey)


def fact_row(
    code: Any,
    lot_id: Any,
    site_id: Any,
    at: Any,
    movement: Any,
    dose: Any,
    packing: Any = NO_KEY,
) -> Select[Any]:
    """One row a fact, in the columns that all sources have."""
    return select(
        (literal(code) if isinstance(code, str) else code).label("code"),
        lot_id.label("lot_id"),
        site_id.label("site_id"),
        at.label("at"),
        movement.label("movement_id"),
        dose.label("dose_id"),
        packing.label("packing_id"),
    )
