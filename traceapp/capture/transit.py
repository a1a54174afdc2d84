"""Booking what is on its way: the shipments and receipts of a lot between two sites."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from traceapp.capture.derived import Derivation, finding_row, posting_row, stay_row
from traceapp.capture.fact import facts_of_route, keys_of_route
from traceapp.models.finding import Finding as FindingRow
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.stay import Stay as StayRow
from traceapp.rows import among
from traceapp.rules.ledger import Fact, Stay
from traceapp.rules.transit import FINDINGS, carry

#: A lot, the site that sends, the site that receives.
Route = tuple[int, int, int]


def book_route(session: Session, derivation: Derivation, route: Route) -> None:
    """Fold the route again, and note what comes out anew; who calls holds the lot."""
    lot_id, source, target = route
    facts = facts_of_route(session, lot_id, source, target)
    transit = carry(facts)
    keys = keys_of_route(session, lot_id, source, target)
    is_received = (
        PostingRow.lot_id == lot_id,
        PostingRow.site_id == target,
        PostingRow.step == "receiving",
        among(session, PostingRow.movement_id, keys),
    )
    derivation.compare(
        PostingRow,
        derivation.stored(PostingRow, *is_received),
        [posting_row(lot_id, one) for one in transit.postings],
    )
    rides = derivation.stored(
        StayRow, StayRow.lot_id == lot_id, among(session, StayRow.shipment_id, keys)
    )
    derivation.compare(StayRow, rides, ride_rows(lot_id, source, transit.stays))
    found = derivation.stored(
        FindingRow,
        FindingRow.lot_id == lot_id,
        FindingRow.code.in_(FINDINGS),
        among(session, FindingRow.movement_id, keys),
    )
    derivation.compare(FindingRow, found, [finding_row(lot_id, one) for one in transit.findings])


def ride_rows(lot_id: int, source: int, rides: Iterable[Stay]) -> list[tuple[object, ...]]:
    """The stays in carriers, as rows of the site that sent them."""
    return [stay_row((lot_id, source), ride) for ride in rides]


def routes_of(lot_id: int, facts: Iterable[Fact]) -> set[Route]:
    """The routes that shipments and receipts are of."""
    ways = (fact.route for fact in facts)
    told = (way for way in ways if way is not None)
    return {(lot_id, a, b) for a, b in told if a is not None and b is not None}
