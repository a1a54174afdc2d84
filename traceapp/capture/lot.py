"""Lots: noted by whoever first names one."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.capture.insert import insert
from traceapp.models.lot import Lot


def know_lot(session: Session, key: LotKey) -> Lot:
    """The lot of that key, noted as heard of where it is new."""
    row = {"gtin": key.gtin, "number": key.number}
    session.execute(insert(session, Lot).values(row).on_conflict_do_nothing())
    return session.scalars(select(Lot).where(Lot.gtin == key.gtin, Lot.number == key.number)).one()
