"""What became of a recalled lot's doses at each site: sums over its postings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from traceapp.db import among
from traceapp.models.posting import Posting
from traceapp.watch.recall import Campaign

_SUMMED = ("held", "on_hand", "returned", "destroyed", "wasted")


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
    """What became of the lot at each of these sites."""
    stock = {site_id: RecalledStock() for site_id in site_ids}
    is_meant = among(session, Posting.site_id, site_ids)
    for site_id, *sums in session.execute(_sums(campaign).where(is_meant)):
        for name, doses in zip(_SUMMED, sums, strict=True):
            setattr(stock[site_id], name, int(doses))
    for _, site_id, _, left in session.execute(campaign.shipments(Posting.at <= campaign.at)):
        if site_id in stock:
            stock[site_id].in_transit += int(left)
    return stock


def _sums(campaign: Campaign) -> Any:
    """Of each site what lay in its units when the recall began and lies there now; what left it."""
    sign = case((Posting.debit == "unit", 1), else_=0) - case(
        (Posting.credit == "unit", 1), else_=0
    )
    doses, is_later = Posting.doses * sign, Posting.at > campaign.at
    returned = and_(is_later, Posting.step == "returning", Posting.debit == "in_transit")

    def those(condition: ColumnElement[bool]) -> Any:
        return func.sum(case((condition, Posting.doses), else_=0))

    return (
        select(
            Posting.site_id,
            func.sum(case((is_later, 0), else_=doses)),
            func.sum(doses),
            those(returned),
            those(and_(is_later, Posting.debit == "destroyed")),
            those(and_(is_later, Posting.debit == "wasted")),
        )
        .where(Posting.lot_id == campaign.lot_id)
        .group_by(Posting.site_id)
    )
