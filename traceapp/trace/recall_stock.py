"""What became of a recalled lot's doses at each site: its stock, and its postings since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from traceapp.models.posting import Posting
from traceapp.models.stock import Stock
from traceapp.rows import among
from traceapp.watch.recall import Campaign

_SUMMED = ("returned", "destroyed", "wasted")


@dataclass(slots=True)
class RecalledStock:
    """Doses of one site: held and awaited when the recall began, gone since, and there now."""

    held: int = 0
    in_transit: int = 0
    returned: int = 0
    destroyed: int = 0
    wasted: int = 0
    on_hand: int = 0

    @property
    def had(self) -> int:
        return self.held + self.in_transit

    @property
    def settled(self) -> int:
        """What went back or was made away with, at most what it had."""
        return min(self.had, self.returned + self.destroyed + self.wasted)


def stock_by_site(
    session: Session, campaign: Campaign, site_ids: Sequence[int]
) -> dict[int, RecalledStock]:
    """What became of the lot at each of these sites.

    What lay there when the recall began is what lies there now without what moved since: most of
    a lot was given before, and is not read.
    """
    stock = {site_id: RecalledStock() for site_id in site_ids}
    lying = (
        select(Stock.site_id, func.sum(Stock.doses))
        .where(Stock.lot_id == campaign.lot_id, among(session, Stock.site_id, site_ids))
        .group_by(Stock.site_id)
    )
    for site_id, doses in session.execute(lying):
        stock[site_id].held = stock[site_id].on_hand = int(doses)
    is_meant = among(session, Posting.site_id, site_ids)
    for site_id, come, *sums in session.execute(_since(campaign).where(is_meant)):
        stock[site_id].held -= int(come)
        for name, doses in zip(_SUMMED, sums, strict=True):
            setattr(stock[site_id], name, int(doses))
    for _, site_id, _, left in session.execute(campaign.shipments(Posting.at <= campaign.at)):
        if site_id in stock:
            stock[site_id].in_transit += int(left)
    return stock


def _since(campaign: Campaign) -> Any:
    """Of each site by how much its units have more since the recall began, and what left it."""
    sign = case((Posting.debit == "unit", 1), else_=0) - case(
        (Posting.credit == "unit", 1), else_=0
    )
    returned = and_(Posting.step == "returning", Posting.debit == "in_transit")

    def those(condition: ColumnElement[bool]) -> Any:
        return func.sum(case((condition, Posting.doses), else_=0))

    return (
        select(
            Posting.site_id,
            func.sum(Posting.doses * sign),
            those(returned),
            those(Posting.debit == "destroyed"),
            those(Posting.debit == "wasted"),
        )
        .where(Posting.lot_id == campaign.lot_id, Posting.at > campaign.at)
        .group_by(Posting.site_id)
    )
