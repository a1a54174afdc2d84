"""Findings of lots and sites in one list: one entry a kind, a lot and a site, counted exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, and_, func, or_, select, union_all
from sqlalchemy.orm import Session

from traceapp.models.base import Moment
from traceapp.models.division import division_prefix
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.packing import Packing
from traceapp.models.site import Site
from traceapp.trace.finding import summary
from traceapp.trace.finding_source import SOURCES, Asked
from traceapp.trace.lot import lot_document
from traceapp.trace.page import decode_cursor, make_page
from traceapp.trace.scope import Scope

#: Every kind of finding that the list can have.
KINDS = tuple(sorted({code for _, codes in SOURCES for code in codes}))
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings somebody asks for: of facts in [from_at, until_at)."""

    gtin: str | None = None
    lot: str | None = None
    site: str | None = None
    division: str | None = None
    code: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None


def list_findings(
    session: Session, scope: Scope, wanted: Wanted, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """A page of findings by kind, lot and site, each with its count and its newest facts.

    They are made from the record as it stands: what a missing fact explains is not among them.
    """
    after = decode_cursor(cursor, (str, int, int)) if cursor else None
    narrowed = narrow(scope, wanted.division, wanted.site)
    if narrowed is None:
        return {"items": [], "next": None}
    asked = _asked(session, narrowed, wanted)
    rows = session.execute(_grouped(_facts(asked, wanted.code), after).limit(limit + 1)).all()
    return make_page(
        rows,
        limit,
        lambda row: _document(asked, row),
        lambda row: (row.code, row.lot, row.site),
    )


def every_finding(session: Session, scope: Scope, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """All of them, page by page."""
    cursor = None
    while True:
        page = list_findings(session, scope, wanted, 500, cursor)
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def narrow(scope: Scope, division: str | None, site: str | None) -> Scope | None:
    """The part of a scope that lies in a division, or is a site; None where nothing does."""
    if site is not None and scope.site not in (None, site):
        return None
    here, there = division_prefix(scope.division), division_prefix(division or "")
    if not (here.startswith(there) or there.startswith(here)):
        return None
    inner = division if division is not None and len(there) > len(here) else scope.division
    return Scope(inner, scope.site or site)


def _asked(session: Session, scope: Scope, wanted: Wanted) -> Asked:
    lots = None
    if wanted.gtin is not None or wanted.lot is not None:
        lots = select(Lot.id)
        if wanted.gtin is not None:
            lots = lots.where(Lot.gtin == wanted.gtin)
        if wanted.lot is not None:
            lots = lots.where(Lot.number == wanted.lot)
    return Asked(session, scope, lots, wanted.from_at, wanted.until_at)


def _facts(asked: Asked, code: str | None) -> Subquery:
    """Every fact with a finding, as one query."""
    queries = [source(asked) for source, codes in SOURCES if code is None or code in codes]
    found = union_all(*queries).subquery()
    if code is None:
        return found
    return select(found).where(found.c.code == code).subquery()


def _grouped(facts: Subquery, after: Sequence[Any] | None) -> Select[Any]:
    lot, site = func.coalesce(facts.c.lot_id, 0), func.coalesce(facts.c.site_id, 0)
    groups = (
        select(
            facts.c.code,
            lot.label("lot"),
            site.label("site"),
            func.count().label("count"),
            func.min(facts.c.at, type_=Moment()).label("first_at"),
            func.max(facts.c.at, type_=Moment()).label("last_at"),
        )
        .group_by(facts.c.code, lot, site)
        .subquery()
    )
    query = select(groups).order_by(groups.c.code, groups.c.lot, groups.c.site)
    if after is None:
        return query
    code, last_lot, last_site = after
    is_same_code = groups.c.code == code
    return query.where(
        or_(
            groups.c.code > code,
            and_(is_same_code, groups.c.lot > last_lot),
            and_(is_same_code, groups.c.lot == last_lot, groups.c.site > last_site),
        )
    )


def _document(asked: Asked, row: Any) -> dict[str, Any]:
    session = asked.session
    lot = session.get(Lot, row.lot) if row.lot else None
    site = session.get(Site, row.site) if row.site else None
    return {
        **summary(row.code, count=row.count),
        "lot": lot_document(session, lot) if lot else None,
        "site": site.code if site else None,
        "count": row.count,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "examples": _examples(asked, row) if row.first_at else [],
    }


def _examples(asked: Asked, row: Any) -> list[dict[str, Any]]:
    """The newest facts of an entry."""
    lots = select(Lot.id).where(Lot.id == row.lot) if row.lot else asked.lots
    facts = _facts(replace(asked, lots=lots), row.code)
    site, lot = func.coalesce(facts.c.site_id, 0), func.coalesce(facts.c.lot_id, 0)
    newest = (
        select(facts.c.at, facts.c.movement_id, facts.c.dose_id, facts.c.packing_id)
        .where(site == row.site, lot == row.lot)
        .order_by(facts.c.at.desc(), facts.c.movement_id.desc(), facts.c.dose_id.desc())
        .limit(_EXAMPLES)
        .subquery()
    )
    rows = asked.session.execute(
        select(newest.c.at, func.coalesce(Movement.code, Packing.code), Dose.code)
        .outerjoin(Movement, Movement.id == newest.c.movement_id)
        .outerjoin(Dose, Dose.id == newest.c.dose_id)
        .outerjoin(Packing, Packing.id == newest.c.packing_id)
        .order_by(newest.c.at.desc(), Movement.code, Dose.code)
    )
    return [{"at": at, "movement": movement, "dose": dose} for at, movement, dose in rows]
