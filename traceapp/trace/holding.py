"""What lies in a unit now, by the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot
from traceapp.models.stock import Stock
from traceapp.models.unit import Unit
from traceapp.trace.lot import lot_document


def lots_at_site(session: Session, site_id: int) -> list[tuple[Lot, int, int]]:
    """Each lot on hand in a unit of a site: the lot, the unit's row, its doses."""
    rows = session.execute(
        select(Lot, Stock.unit_id, Stock.doses)
        .join(Stock, Stock.lot_id == Lot.id)
        .where(Stock.site_id == site_id, Stock.doses > 0)
        .order_by(Lot.number, Lot.gtin, Stock.unit_id)
    )
    return [(lot, unit_id, doses) for lot, unit_id, doses in rows]


def holdings_of_unit(session: Session, unit_code: str) -> list[dict[str, Any]]:
    """Return each lot in a unit: its name, its expiry and its doses, the first to expire first."""
    doses = func.sum(Stock.doses)
    rows = session.execute(
        select(Lot, doses)
        .join(Stock, Stock.lot_id == Lot.id)
        .join(Unit, Unit.id == Stock.unit_id)
        .where(Unit.code == unit_code, Stock.doses > 0)
        .group_by(Lot.id)
        .order_by(Lot.expires_on, Lot.number)
    )
    return [
        {
            "lot": lot_document(session, lot),
            "expires_on": lot.expires_on,
            "doses": int(held),
        }
        for lot, held in rows
    ]
