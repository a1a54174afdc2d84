"""How much a database holds, table by table: what is stored half is more than was there."""

from __future__ import annotations

from sqlalchemy import func, select

import traceapp.models.all  # noqa: F401  # so that every table is known
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.base import Base
from traceapp.models.lot import Lot


def rows_of(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def more_than(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """By how many rows tables grew or shrank; those that stayed are left out."""
    return {name: after[name] - count for name, count in before.items() if after[name] != count}


def wrong_rows(database: Database) -> int:
    """How many rows a ledger that is derived anew from all facts would change."""
    with database.begin() as session:
        return sum(rebuild(session, lot) for lot in session.scalars(select(Lot.id)).all())
