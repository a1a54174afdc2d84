"""Booking what lies at a site: on top of what is stored where a fact is new, else from it on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from traceapp.capture.derived import POSTING, Derivation, Key, finding_row, posting_row, stay_row
from traceapp.capture.fact import facts_of_site
from traceapp.capture.insert import insert, insert_rows
from traceapp.models.finding import Finding as FindingRow
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.stay import Stay as StayRow
from traceapp.models.stock import Stock, Turnover
from traceapp.rows import pairs
from traceapp.rules.ledger import Fact, Stay
from traceapp.rules.shelf import FINDINGS, Shelf

_STOCK = ("lot_id", "site_id", "unit_id", "doses", "since")
_CREDIT_UNIT, _DEBIT_UNIT, _DOSES, _STEP = (
    POSTING.index(name) for name in ("credit_unit_id", "debit_unit_id", "doses", "step")
)


@dataclass(slots=True)
class Standing:
    """A site's row of `turnover`, held until the transaction ends, and its rows of `stock`."""

    turnover: Turnover
    stock: dict[int, tuple[int, datetime | None]] = field(default_factory=dict)

    def is_before(self, moment: datetime) -> bool:
        """Whether everything that is booked happened before a moment."""
        newest_at = self.turnover.newest_at
        return newest_at is None or newest_at < moment


def hold_standings(session: Session, keys: Collection[Key]) -> dict[Key, Standing]:
    """Hold what is stored of these lots at these sites, always in the same order.

    Whoever books another fact of one of them waits, and then sees what we booked.
    """
    wanted = sorted(keys)
    held = _held(session, wanted)
    if missing := [key for key in wanted if key not in held]:
        rows = [{"lot_id": lot_id, "site_id": site_id} for lot_id, site_id in missing]
        session.execute(insert(session, Turnover).on_conflict_do_nothing(), rows)
        held = _held(session, wanted)
    asked = pairs(session, Stock.lot_id, Stock.site_id, wanted)
    rows_of_stock = session.execute(
        select(Stock.lot_id, Stock.site_id, Stock.unit_id, Stock.doses, Stock.since).join(
            asked, (asked.c.first == Stock.lot_id) & (asked.c.second == Stock.site_id)
        )
    )
    for lot_id, site_id, unit_id, doses, since in rows_of_stock:
        held[lot_id, site_id].stock[unit_id] = doses, since
    return held


def _held(session: Session, keys: Sequence[Key]) -> dict[Key, Standing]:
    asked = pairs(session, Turnover.lot_id, Turnover.site_id, keys)
    rows = session.scalars(
        select(Turnover)
        .join(asked, (asked.c.first == Turnover.lot_id) & (asked.c.second == Turnover.site_id))
        .order_by(Turnover.lot_id, Turnover.site_id)
        .with_for_update(of=Turnover, key_share=True)
        .execution_options(populate_existing=True)
    )
    return {(row.lot_id, row.site_id): Standing(row) for row in rows}


def book_on_top(
    derivation: Derivation, key: Key, standing: Standing, facts: Iterable[Fact]
) -> Shelf:
    """Book facts that are all newer than everything that is booked."""
    lying = {
        unit: Stay(unit, since)
        for unit, (doses, since) in standing.stock.items()
        if doses and since
    }
    before = list(lying.values())
    shelf = Shelf({unit: doses for unit, (doses, _) in standing.stock.items()}, lying).fold(facts)
    derivation.add(PostingRow, (posting_row(key[0], one) for one in shelf.postings))
    derivation.add(FindingRow, (finding_row(key[0], one) for one in shelf.findings))
    if shelf.stays or any(stay.until_at is not None for stay in before):
        still = derivation.stored(StayRow, *_lies(key), StayRow.until_at.is_(None))
        wanted = [stay_row(key, one) for one in (*before, *shelf.stays)]
        derivation.compare(StayRow, still, wanted)
    return shelf


def book_again(
    session: Session, derivation: Derivation, key: Key, standing: Standing, since: datetime
) -> Shelf:
    """Fold again all that happened at a site from a moment on, and note what comes out anew."""
    lot_id, site_id = key
    is_later = PostingRow.lot_id == lot_id, PostingRow.site_id == site_id, PostingRow.at >= since
    booked = derivation.stored(PostingRow, *is_later)
    stays = derivation.stored(
        StayRow, *_lies(key), or_(StayRow.until_at.is_(None), StayRow.until_at >= since)
    )
    held = {unit: doses for unit, (doses, _) in standing.stock.items()}
    for _, row in booked:
        for unit, sign in ((row[_CREDIT_UNIT], 1), (row[_DEBIT_UNIT], -1)):
            if unit is not None:
                held[unit] = held.get(unit, 0) + sign * row[_DOSES]
    lying = {row[2]: Stay(row[2], row[4]) for _, row in stays if row[4] < since}
    before = list(lying.values())
    shelf = Shelf(held, lying).fold(facts_of_site(session, lot_id, site_id, since))
    derivation.compare(
        PostingRow,
        [one for one in booked if one[1][_STEP] != "receiving"],
        [posting_row(lot_id, one) for one in shelf.postings],
    )
    derivation.compare(StayRow, stays, [stay_row(key, one) for one in (*before, *shelf.stays)])
    found = derivation.stored(
        FindingRow,
        FindingRow.lot_id == lot_id,
        FindingRow.site_id == site_id,
        FindingRow.at >= since,
        FindingRow.code.in_(FINDINGS),
    )
    derivation.compare(FindingRow, found, [finding_row(lot_id, one) for one in shelf.findings])
    return shelf


def _lies(key: Key) -> tuple[Any, ...]:
    lot_id, site_id = key
    return StayRow.lot_id == lot_id, StayRow.site_id == site_id, StayRow.shipment_id.is_(None)


def store_stock(session: Session, standings: dict[Key, Standing], shelves: dict[Key, Shelf]) -> int:
    """Make `stock` say what the shelves hold; return how many rows differed."""
    fresh: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    for key, shelf in shelves.items():
        stored = standings[key].stock
        for unit in sorted(shelf.held.keys() | stored.keys()):
            stay = shelf.lying.get(unit)
            now = shelf.held.get(unit, 0), stay.from_at if stay else None
            if stored.get(unit, (0, None)) != now:
                (changed if unit in stored else fresh).append((*key, unit, *now))
    insert_rows(session, Stock, _STOCK, fresh)
    if changed:
        session.execute(update(Stock), [dict(zip(_STOCK, row, strict=True)) for row in changed])
    return len(fresh) + len(changed)
