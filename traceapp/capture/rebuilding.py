"""Deriving all of a lot's ledger anew from its facts; where it was right, nothing changes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from traceapp.capture.adoption import Mended, adopt_doses_of_lot
from traceapp.capture.correction import settle_lot
from traceapp.capture.derived import (
    POSTING,
    Derivation,
    Key,
    Row,
    count,
    finding_row,
    posting_row,
    stay_row,
)
from traceapp.capture.fact import doses_of_sites, movements_of_lot
from traceapp.capture.ledger import Booking, lock_lots
from traceapp.capture.pack_finding import judge_packs_of_lots
from traceapp.capture.shelf import Standing, hold_standings, store_stock
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding as FindingRow
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.stay import Stay as StayRow
from traceapp.models.stock import Turnover
from traceapp.rules import shelf as shelf_rules
from traceapp.rules import transit as transit_rules
from traceapp.rules.ledger import LEAVING, Fact
from traceapp.rules.shelf import Shelf
from traceapp.rules.transit import Transit, carry

_CODES = (*shelf_rules.FINDINGS, *transit_rules.FINDINGS)
_SUMS = (
    *("made", "received", "shipped", "administered", "wasted", "destroyed"),
    *("sampled", "adjusted", "unexplained"),
)
#: So many doses are folded at once, those of one site always together.
_DOSES = 100_000


def rebuild(session: Session, lot_id: int) -> int:
    """Derive a lot's ledger from all its facts; return how many stored rows differed.

    Memory is bounded by the lot's movements and the doses of its largest site. Other writers of
    the lot wait: what they add is there when we read, or comes after what we write. A dose that
    turns out to be of another lot is booked there too.
    """
    changed = settle_lot(session, lot_id)
    mended = adopt_doses_of_lot(session, lot_id)
    elsewhere = _elsewhere(mended, lot_id)
    lock_lots(session, {lot_id, *elsewhere.lot_ids})
    doses = _sites(session, lot_id)
    keys = {(lot_id, site) for site in doses}
    standings = hold_standings(session, keys | elsewhere.keys)
    changed += mended.rows
    moved: defaultdict[int, list[Fact]] = defaultdict(list)
    movements = movements_of_lot(session, lot_id)
    for fact in movements:
        moved[fact.site or 0].append(fact)
    arrived = _of_sites(carry(movements))
    for part in _parts(doses):
        here = {(lot_id, site): standings[lot_id, site] for site in part}
        changed += _rebuild_sites(session, here, moved, arrived)
    elsewhere.write(session)
    return changed + judge_packs_of_lots(session, [lot_id], mended.packs)


def _elsewhere(mended: Mended, lot_id: int) -> Booking:
    """The books of other lots that mended doses are of, or were of."""
    booking = Booking()
    for dose, lot_before in mended.adopted:
        if dose.is_in_force:
            booking.book_from(dose, {dose.lot_id, lot_before} - {lot_id})
    return booking


def _rebuild_sites(
    session: Session,
    standings: dict[Key, Standing],
    moved: dict[int, list[Fact]],
    arrived: dict[int, Transit],
) -> int:
    [lot_id] = {lot_id for lot_id, _ in standings}
    sites = sorted(site for _, site in standings)
    facts = {site: list(moved.get(site, ())) for site in sites}
    for fact in doses_of_sites(session, lot_id, sites):
        facts[fact.site or 0].append(fact)
    shelves = {(lot_id, site): Shelf().fold(facts[site]) for site in sites}
    postings: list[Row] = []
    stays: list[Row] = []
    findings: list[Row] = []
    for key, shelf in shelves.items():
        for book in (shelf, arrived.get(key[1], Transit())):
            postings += (posting_row(lot_id, one) for one in book.postings)
            stays += (stay_row(key, one) for one in book.stays)
            findings += (finding_row(lot_id, one) for one in book.findings)
    derivation = Derivation(session)
    for model, wanted in ((PostingRow, postings), (StayRow, stays), (FindingRow, findings)):
        conditions = [model.lot_id == lot_id, model.site_id.in_(sites)]
        if model is FindingRow:
            conditions.append(FindingRow.code.in_(_CODES))
        derivation.compare(model, derivation.stored(model, *conditions), wanted)
    derivation.write()
    changed = derivation.size + store_stock(session, standings, shelves)
    newest = {site: max((one.at for one in facts[site]), default=None) for site in sites}
    return changed + _store_turnover(session, standings, postings, newest)


def _store_turnover(
    session: Session,
    standings: dict[Key, Standing],
    postings: Iterable[Row],
    newest: dict[int, datetime | None],
) -> int:
    sums: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in postings:
        count(sums[row[_SITE]], row)
    changed = 0
    for (_, site), standing in standings.items():
        wanted = {name: sums[site][name] for name in _SUMS} | {"newest_at": newest[site]}
        stored = {name: getattr(standing.turnover, name) for name in wanted}
        if stored != wanted:
            changed += 1
            for name, value in wanted.items():
                setattr(standing.turnover, name, value)
    session.flush()
    return changed


def _of_sites(transit: Transit) -> dict[int, Transit]:
    """What is on its way, by the site whose fact it follows from; rides by who sent them."""
    parts: defaultdict[int, Transit] = defaultdict(Transit)
    for posting in transit.postings:
        parts[posting.fact.site or 0].postings.append(posting)
    for finding in transit.findings:
        parts[finding.fact.site or 0].findings.append(finding)
    for shipments in transit.shipments.values():
        for shipment in shipments:
            if shipment.ride is not None:
                parts[shipment.fact.site or 0].stays.append(shipment.ride)
    return parts


def _sites(session: Session, lot_id: int) -> dict[int, int]:
    """The sites that have anything to do with a lot, and how many doses of it each gave."""
    given = select(Dose.site_id, func.count()).where(Dose.lot_id == lot_id).group_by(Dose.site_id)
    others: Any = union(
        *(select(model.site_id).where(model.lot_id == lot_id) for model in _DERIVED),
        select(Movement.to_site_id).where(
            Movement.lot_id == lot_id, Movement.step.in_(LEAVING), Movement.to_site_id.is_not(None)
        ),
    )
    doses = dict.fromkeys(session.scalars(others), 0)
    return doses | {row[0]: int(row[1]) for row in session.execute(given)}


def _parts(doses: dict[int, int]) -> Iterator[list[int]]:
    """Sites in parts of not too many doses."""
    part: list[int] = []
    left = _DOSES
    for site, many in sorted(doses.items()):
        if part and many > left:
            yield part
            part, left = [], _DOSES
        part.append(site)
        left -= many
    if part:
        yield part


_DERIVED = (Movement, PostingRow, StayRow, FindingRow, Turnover)
_SITE = POSTING.index("site_id")
