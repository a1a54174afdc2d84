"""What became of a recalled lot's doses at each site: sums over movements and postings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from traceapp.db import among
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting
from traceapp.models.unit import Unit
from traceapp.watch.recall import Campaign

#: What the steps that take doses away make of them.
_GONE = {"returning": "returned", "destroying": "destroyed", "wasting": "wasted"}


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
    for site_id, held, now in session.execute(_lying(campaign).where(is_meant)):
        stock[site_id].held, stock[site_id].on_hand = int(held), int(now)
    is_meant = among(session, Movement.to_site_id, site_ids)
    for site_id, doses in session.execute(_on_the_way(campaign).where(is_meant)):
        stock[site_id].in_transit = int(doses)
    is_meant = among(session, Unit.site_id, site_ids)
    for site_id, step, doses in session.execute(_gone(campaign).where(is_meant)):
        setattr(stock[site_id], _GONE[step], int(doses))
    return stock


def _lying(campaign: Campaign) -> Any:
    """Of each site what lay in its units when the recall began, and what lies there now."""
    sign = case((Posting.debit == "unit", 1), else_=0) - case(
        (Posting.credit == "unit", 1), else_=0
    )
    doses = Posting.doses * sign
    then = func.sum(case((Posting.at <= campaign.at, doses), else_=0))
    return (
        select(Posting.site_id, then, func.sum(doses))
        .where(Posting.lot_id == campaign.lot_id)
        .group_by(Posting.site_id)
    )


def _on_the_way(campaign: Campaign) -> Any:
    """Of each site what had been sent to it when the recall began and had not arrived."""
    arrived = (
        select(Posting.credit_shipment_id.label("shipment"), func.sum(Posting.doses).label("doses"))
        .join(Movement, Movement.id == Posting.movement_id)
        .where(Movement.lot_id == campaign.lot_id, Posting.credit == "in_transit")
        .where(Posting.at <= campaign.at)
        .group_by(Posting.credit_shipment_id)
        .subquery()
    )
    return (
        select(Movement.to_site_id, func.sum(Movement.doses - func.coalesce(arrived.c.doses, 0)))
        .outerjoin(arrived, arrived.c.shipment == Movement.id)
        .where(Movement.lot_id == campaign.lot_id, Movement.to_site_id.is_not(None))
        .where(Movement.at <= campaign.at)
        .group_by(Movement.to_site_id)
    )


def _gone(campaign: Campaign) -> Any:
    """Of each site what it returned, destroyed and wasted since the recall began."""
    return (
        select(Unit.site_id, Movement.step, func.sum(Movement.doses))
        .join(Unit, Unit.id == Movement.from_unit_id)
        .where(Movement.lot_id == campaign.lot_id, Movement.step.in_(_GONE))
        .where(Movement.at > campaign.at)
        .group_by(Unit.site_id, Movement.step)
    )
