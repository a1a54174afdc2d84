"""Lots: noted by whoever first names one."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.capture.insert import insert
from traceapp.db import NEW_LOTS, lock_numbers, stripe
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.rows import pairs


def hold_new_lots(
    session: Session, keys: Iterable[LotKey | None], meant: Iterable[LotKey] = ()
) -> dict[tuple[str, str], int]:
    """The lots of these keys that are known; who may note one of the others holds it already.

    Two who note the same lots, each in an order of its own, would wait for each other. Of lots
    that a label may have `meant` nobody notes one until we are done.
    """
    wanted = {(key.gtin, key.number) for key in keys if key is not None}
    maybe = {(key.gtin, key.number) for key in meant}
    if not (wanted or maybe):
        return {}
    asked = pairs(session, Lot.gtin, Lot.number, sorted(wanted | maybe))
    rows = session.execute(
        select(Lot.gtin, Lot.number, Lot.id).join(
            asked, (asked.c.first == Lot.gtin) & (asked.c.second == Lot.number)
        )
    )
    known = {(row[0], row[1]): row[2] for row in rows}
    fresh, unsure = wanted - known.keys(), maybe - known.keys()
    alone, together = ({stripe("/".join(key)) for key in some} for some in (fresh, unsure))
    lock_numbers(session, NEW_LOTS, alone, together)
    return known


def know_lot(session: Session, key: LotKey) -> Lot:
    """The lot of that key, noted as heard of where it is new."""
    row = {"gtin": key.gtin, "number": key.number}
    session.execute(insert(session, Lot).values(row).on_conflict_do_nothing())
    return session.scalars(select(Lot).where(Lot.gtin == key.gtin, Lot.number == key.number)).one()


def tell_sources(session: Session, lot_ids: Iterable[int]) -> None:
    """Let lots be made, expire and be released as the movements in force say that made them.

    Of several the first in event time that says it counts, whatever came first.
    """
    wanted = sorted(set(lot_ids))
    if not wanted:
        return
    made = (
        select(Movement)
        .where(Movement.lot_id.in_(wanted), Movement.step == "commissioning", Movement.is_in_force)
        .order_by(Movement.at, Movement.code)
    )
    told: dict[int, list[Movement]] = {lot_id: [] for lot_id in wanted}
    for movement in session.scalars(made):
        told[movement.lot_id].append(movement)
    for lot in session.scalars(select(Lot).where(Lot.id.in_(wanted))):
        for name in ("made_on", "expires_on", "release"):
            said = (getattr(one, name) for one in told[lot.id])
            setattr(lot, name, next((one for one in said if one is not None), None))
    session.flush()
