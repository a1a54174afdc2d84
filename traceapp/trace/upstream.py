"""What led to stock of a lot in a unit, or in any unit of a site: postings, and stays in units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    cast,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.base import BigKey
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rows import among_later, fetch, spell_list
from traceapp.rules.ledger import Posting
from traceapp.trace.posting import COLUMNS_OF_MOVEMENT, as_postings


@dataclass(frozen=True, slots=True)
class Upstream:
    """The postings of a lot's movements in the order of their facts, and its stays in units.

    `sites` are those at which something was posted into a unit, by unit; stays are [from, until),
    by unit, until None where it lies there still.
    """

    postings: Sequence[Posting]
    sites: dict[int, int] = field(default_factory=dict)
    stays: dict[int, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)


def load_upstream(
    session: Session,
    lot_id: int,
    until: datetime,
    *,
    site_id: int | None = None,
    unit_id: int | None = None,
) -> Upstream:
    """What brought a lot to a unit, or to the units of a site, until a moment; two questions.

    It reads no more of a lot that went to a thousand sites than of one that went to a single one.
    """
    asked = {"lot_id": lot_id, "until": until, "site_id": site_id, "unit_id": unit_id}
    rows = fetch(session, _POSTINGS, asked)
    pairs = as_postings(tuple(row)[:-1] for row in rows)
    postings = sorted((one for _, one in pairs), key=lambda one: one.fact.place_in_time)
    sites = {row.debit_unit_id: row[-1] for row in rows if row.debit_unit_id is not None}
    stays: dict[int, list[tuple[datetime, datetime | None]]] = {}
    if sites:
        units = {"lot_id": lot_id, **spell_list(session, "units", sorted(sites))}
        for one, from_at, ended_at in fetch(session, _stays(is_postgresql(session)), units):
            stays.setdefault(one, []).append((from_at, ended_at))
    return Upstream(postings, sites, stays)


def _asking_postings() -> Select[*tuple[Any, ...]]:
    """The query from units back over whatever brought something there, and what brought that.

    Of a shipment on that way it also tells what was taken out of it.
    """
    until: BindParameter[datetime] = bindparam("until")
    of_site, is_it = Unit.site_id == bindparam("site_id"), Unit.id == bindparam("unit_id")
    nothing = cast(null(), BigKey).label("shipment_id")
    first = select(Unit.id.label("unit_id"), nothing).where(or_(of_site, is_it))
    place = first.cte("place", recursive=True)
    is_place = or_(
        PostingRow.credit_unit_id.is_not(None), PostingRow.credit_shipment_id.is_not(None)
    )
    place = place.union(
        select(PostingRow.credit_unit_id, PostingRow.credit_shipment_id)
        .join_from(place, PostingRow, _went_into(place))
        .where(PostingRow.at <= until, is_place)
    )
    touched = or_(_went_into(place), PostingRow.credit_shipment_id == place.c.shipment_id)
    return (
        select(*COLUMNS_OF_MOVEMENT, PostingRow.site_id)
        .join(Movement, Movement.id == PostingRow.movement_id)
        .where(PostingRow.id.in_(select(PostingRow.id).join_from(place, PostingRow, touched)))
        .where(PostingRow.at <= until)
        .order_by(PostingRow.id)
    )


def _went_into(place: CTE) -> ColumnElement[bool]:
    into_unit = and_(
        PostingRow.debit_unit_id == place.c.unit_id, PostingRow.lot_id == bindparam("lot_id")
    )
    return or_(into_unit, PostingRow.debit_shipment_id == place.c.shipment_id)


#: Made once: to make a statement anew each time costs more than the database takes for it.
_POSTINGS = _asking_postings()


@lru_cache
def _stays(is_on_postgresql: bool) -> Select[*tuple[Any, ...]]:
    return (
        select(Stay.unit_id, Stay.from_at, Stay.until_at)
        .where(Stay.lot_id == bindparam("lot_id"), Stay.shipment_id.is_(None))
        .where(among_later(is_on_postgresql, Stay.unit_id, "units"))
        .order_by(Stay.from_at)
    )
