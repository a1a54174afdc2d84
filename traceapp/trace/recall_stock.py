"""What became of a recalled lot's doses at each site: sums over movements and postings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, union_all
from sqlalchemy.orm import Session

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


def stock_by_site(session: Session, campaign: Campaign) -> dict[int, RecalledStock]:
    """The stock of each site that ever had something to do with the lot."""
    stock: dict[int, RecalledStock] = {}
    for site_id, held, now in session.execute(_lying(campaign)):
        one = stock.setdefault(site_id, RecalledStock())
        one.held, one.on_hand = int(held), int(now)
    for site_id, doses in session.execute(_on_the_way(campaign)):
        stock.setdefault(site_id, RecalledStock()).in_transit = int(doses)
    for site_id, step, doses in session.execute(_gone(campaign)):
        setattr(stock.setdefault(site_id, RecalledStock()), _GONE[step], int(doses))
    return stock


def _lying(campaign: Campaign) -> Any:
    """Of each site what lay in its units when the recall began, and what lies there now."""
    sides = [
        select(unit.label("unit"), Posting.at.label("at"), (Posting.doses * sign).label("doses"))
        .where(Posting.lot_id == campaign.lot_id, unit.is_not(None))
        for unit, sign in ((Posting.debit_unit_id, 1), (Posting.credit_unit_id, -1))
    ]  # fmt: skip
    legs = union_all(*sides).subquery()
    then = func.sum(case((legs.c.at <= campaign.at, legs.c.doses), else_=0))
    return (
        select(Unit.site_id, then, func.sum(legs.c.doses))
        .join(Unit, Unit.id == legs.c.unit)
        .group_by(Unit.site_id)
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
