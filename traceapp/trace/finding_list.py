"""Findings of lots and sites in one list: one entry a kind, a lot and a site, counted exactly."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
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
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.rows import among
from traceapp.trace.asked import Asked
from traceapp.trace.finding import summary
from traceapp.trace.finding_source import SOURCES
from traceapp.trace.held_source import SOURCES as HELD_SOURCES
from traceapp.trace.lot import lot_document
from traceapp.trace.page import decode_cursor, make_page
from traceapp.trace.scope import Scope

_SOURCES = (*SOURCES, *HELD_SOURCES)
#: Every kind of finding that the list can have.
KINDS = tuple(sorted({code for _, codes in _SOURCES for code in codes}))
_EXAMPLES = 3
#: What names an entry: its kind, and the row ids of its lot and its site, 0 where it has none.
_Entry = tuple[str, int, int]
_ENTRY = ("code", "lot", "site")


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
    codes = None if wanted.code is None else {wanted.code}
    rows = session.execute(_grouped(_facts(asked, codes), after).limit(limit + 1)).all()
    told = _Told(asked, rows[:limit])
    return make_page(rows, limit, told.document, lambda row: (row.code, row.lot, row.site))


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


def _facts(asked: Asked, wanted: Collection[str] | None) -> Subquery:
    """Every fact with a finding of these kinds (None for all), as one query."""
    queries = [source(asked) for source, codes in _SOURCES if wanted is None or codes & set(wanted)]
    found = union_all(*queries).subquery()
    if wanted is None:
        return found
    return select(found).where(found.c.code.in_(sorted(wanted))).subquery()


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


class _Told:
    """Entries of a page as they are told, with what they name looked up for all at once."""

    def __init__(self, asked: Asked, rows: Sequence[Any]) -> None:
        session = self._session = asked.session
        lots = select(Lot).where(among(session, Lot.id, {row.lot for row in rows if row.lot}))
        self._lots = {lot.id: lot for lot in session.scalars(lots)} if rows else {}
        gtins = {lot.gtin for lot in self._lots.values()}
        # They stay in the session as long as they are held: nobody asks for them one by one.
        self._products = session.scalars(select(Product).where(Product.gtin.in_(gtins))).all()
        sites = select(Site.id, Site.code).where(
            among(session, Site.id, {row.site for row in rows if row.site})
        )
        self._sites = {row[0]: row[1] for row in session.execute(sites)} if rows else {}
        self._examples = _examples(asked, [row for row in rows if row.first_at])

    def document(self, row: Any) -> dict[str, Any]:
        lot = self._lots.get(row.lot)
        return {
            **summary(row.code, count=row.count),
            "lot": lot_document(self._session, lot) if lot else None,
            "site": self._sites.get(row.site),
            "count": row.count,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "examples": self._examples.get((row.code, row.lot, row.site), []),
        }


def _examples(asked: Asked, rows: Sequence[Any]) -> dict[_Entry, list[dict[str, Any]]]:
    """The newest facts of each entry."""
    if not rows:
        return {}
    if all(row.lot for row in rows):
        asked = replace(asked, lots=select(Lot.id).where(Lot.id.in_({row.lot for row in rows})))
    facts = _facts(asked, {row.code for row in rows})
    entry = facts.c.code, func.coalesce(facts.c.lot_id, 0), func.coalesce(facts.c.site_id, 0)
    keys = facts.c.movement_id, facts.c.dose_id, facts.c.packing_id
    newest_first = [column.desc() for column in (facts.c.at, *keys)]
    placed = (
        select(
            *(one.label(name) for one, name in zip(entry, _ENTRY, strict=True)),
            *(facts.c.at, *keys),
            func.row_number().over(partition_by=entry, order_by=newest_first).label("place"),
        )
        .where(entry[2].in_({row.site for row in rows}))
        .subquery()
    )
    found: Sequence[Any] = asked.session.execute(
        select(
            *(placed.c[name] for name in _ENTRY),
            *(placed.c.at, func.coalesce(Movement.code, Packing.code), Dose.code),
        )
        .outerjoin(Movement, Movement.id == placed.c.movement_id)
        .outerjoin(Dose, Dose.id == placed.c.dose_id)
        .outerjoin(Packing, Packing.id == placed.c.packing_id)
        .where(placed.c.place <= _EXAMPLES)
        .order_by(placed.c.at.desc(), Movement.code, Dose.code)
    ).all()
    examples: dict[_Entry, list[dict[str, Any]]] = {}
    for code, lot, site, at, movement, dose in found:
        fact = {"at": at, "movement": movement, "dose": dose}
        examples.setdefault((code, lot, site), []).append(fact)
    return examples
