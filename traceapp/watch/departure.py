"""Shipments that named no packs: each may have taken along any pack of its lot."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.lot import PackMovement
from traceapp.models.movement import Movement
from traceapp.rows import among
from traceapp.rules.ledger import LEAVING

#: A lot and the site that something of it left.
Leaving = tuple[int, int]


def departures_of_lots(session: Session, lot_ids: Collection[int]) -> dict[Leaving, list[datetime]]:
    """When something of these lots left which site without naming packs, in order."""
    departed: dict[Leaving, list[datetime]] = {}
    if not lot_ids:
        return departed
    named = select(PackMovement.pack_id).where(PackMovement.movement_id == Movement.id)
    rows = session.execute(
        select(Movement.lot_id, Movement.site_id, Movement.at)
        .where(
            among(session, Movement.lot_id, sorted(lot_ids)),
            Movement.step.in_(LEAVING),
            Movement.is_in_force,
            ~named.exists(),
        )
        .order_by(Movement.at)
    )
    for lot_id, site_id, at in rows:
        departed.setdefault((lot_id, site_id), []).append(at)
    return departed
