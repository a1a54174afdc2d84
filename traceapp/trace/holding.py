"""What lies in a unit now, by the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot
from traceapp.models.posting import Posting
from traceapp.models.unit import Unit
from traceapp.trace.lot import lot_document


def lots_at_site(session: Session, site_id: int) -> list[tuple[Lot, int, int]]:
    """Each lot on hand in a unit of a site: the lot, the unit's row, its doses."""
    units = select(Unit.id).where(Unit.site_id == site_id)
    moved = union_all(
        select(
            Posting.lot_id, Posting.debit_unit_id.label("unit_id"), Posting.doses.label("doses")
        ).where(Posting.debit_unit_id.in_(units)),
        select(Posting.lot_id, Posting.credit_unit_id, -Posting.doses).where(
            Posting.credit_unit_id.in_(units)
        ),
    ).subquery()
    doses = func.sum(moved.c.doses)
    rows = session.execute(
        select(Lot, moved.c.unit_id, doses)
        .join(moved, moved.c.lot_id == Lot.id)
        .group_by(Lot.id, moved.c.unit_id)
        .having(doses > 0)
        .order_by(Lot.number, Lot.gtin, moved.c.unit_id)
    )
    return [(lot, int(unit), int(held)) for lot, unit, held in rows]


def holdings_of_unit(session: Session, unit_code: str) -> list[dict[str, Any]]:
    """Return each lot in a unit: its name, its expiry and its doses, the first to expire first."""
    unit = select(Unit.id).where(Unit.code == unit_code).scalar_subquery()
    moved = union_all(
        select(Posting.lot_id, Posting.doses.label("doses")).where(Posting.debit_unit_id == unit),
        select(Posting.lot_id, (-Posting.doses).label("doses")).where(
            Posting.credit_unit_id == unit
        ),
    ).subquery()
    doses = func.sum(moved.c.doses)
    rows = session.execute(
        select(Lot, doses)
        .join(moved, moved.c.lot_id == Lot.id)
        .group_by(Lot.id)
        .having(doses > 0)
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
