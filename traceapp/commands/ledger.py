"""`traceapp ledger rebuild`: derive the ledgers of lots anew from their facts."""

from __future__ import annotations

import os
import time
from contextlib import closing

import click
from rich.progress import track
from sqlalchemy import Select, select
from sqlalchemy.exc import OperationalError

from config import load_settings
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database, open_database, trouble_of
from traceapp.models.lot import Lot

#: How often a lot is tried again that PostgreSQL ended in a circle of locks, and after how long.
_MOST_ATTEMPTS, _REST_S = 20, 0.5


@click.group()
def ledger() -> None:
    """Keep the ledgers of lots."""


@ledger.command("rebuild")
@click.argument("lots", nargs=-1, metavar="[GTIN/LOT]...")
@click.option("--all", "is_all", is_flag=True, help="Every lot there is.")
def rebuild_ledgers(lots: tuple[str, ...], is_all: bool) -> None:
    """Derive the ledgers of lots from their facts; where nothing was wrong, nothing changes.

    Everybody else goes on meanwhile: each lot is a transaction of its own.
    """
    settings = load_settings(os.environ)
    settings.require("database_url")
    if is_all == bool(lots):
        raise click.UsageError("Expected lots as GTIN/LOT, or --all.")
    with closing(open_database(settings.database_url)) as database:
        chosen = _lots(database, lots)
        changed = differing = 0
        for lot_id in track(chosen, "Rebuilding", transient=True, disable=not os.isatty(2)):
            rows = _rebuild(database, lot_id)
            changed += rows > 0
            differing += rows
    click.echo(f"{len(chosen)} lots rebuilt, {changed} of them changed, in {differing} rows")


def _rebuild(database: Database, lot_id: int) -> int:
    """Rebuild a lot in a transaction; again where PostgreSQL ended it for somebody else's sake."""
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        try:
            with database.begin() as session:
                return rebuild(session, lot_id)
        except OperationalError as error:
            if trouble_of(error) != "locked" or attempt == _MOST_ATTEMPTS:
                raise
            time.sleep(_REST_S)
    raise AssertionError("The last attempt returns or raises.")


def _lots(database: Database, names: tuple[str, ...]) -> list[int]:
    with database.read() as session:
        if not names:
            return list(session.scalars(select(Lot.id).order_by(Lot.id)))
        return [_lot(session.scalar(_named(name)), name) for name in names]


def _named(name: str) -> Select[int]:
    gtin, _, number = name.partition("/")
    return select(Lot.id).where(Lot.gtin == gtin.zfill(14), Lot.number == number)


def _lot(lot_id: int | None, name: str) -> int:
    if lot_id is None:
        raise click.ClickException(f"Expected a known lot as GTIN/LOT, got {name}")
    return lot_id
