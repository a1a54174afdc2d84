"""`traceapp sum-days`: sum up now what the ingester sums bit by bit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing

import click
from rich.progress import track
from sqlalchemy import func, select

from config import load_settings
from traceapp.capture.listing import list_days
from traceapp.capture.stale import mark_units
from traceapp.capture.summing import MOST_DAYS
from traceapp.capture.summing import sum_days as sum_some
from traceapp.db import Database, open_database
from traceapp.doors import utc_now
from traceapp.models.unit import Unit
from traceapp.models.unit_day import UnitDay

_NAP_S = 0.2


@click.command("sum-days")
@click.argument("units", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Sum up every unit again.")
def sum_days(units: tuple[str, ...], is_all: bool) -> None:
    """Sum up every day that ended two days ago, and again those of UNITS from their readings.

    Exposures are the same before and after; they are found faster. It may be killed at any moment
    and begun again, and may run beside everything else.
    """
    settings = load_settings(os.environ).require("database_url")
    if is_all and units:
        raise click.UsageError("Expected codes of units, or --all, got both.")
    with closing(open_database(settings.database_url)) as database:
        if units or is_all:
            _mark(database, units)
        steps = track(_steps(database), "Summing", transient=True, disable=not os.isatty(2))
        click.echo(f"{sum(steps)} days summed")


def _steps(database: Database) -> Iterator[int]:
    """Sum and list until nothing is left; how many days each time."""
    while True:
        begun = time.monotonic()
        with database.begin() as session:
            summed = len(sum_some(session, MOST_DAYS))
            is_listing = not summed and list_days(session, utc_now())
        if summed:
            yield summed
        elif not is_listing:
            if not _count_stale(database):
                return
            time.sleep(_NAP_S)  # Others sum them, or a transaction from before is not over.
        if database.is_sqlite:  # Its writers take turns: whoever records must get one.
            time.sleep(time.monotonic() - begun)


def _count_stale(database: Database) -> int:
    with database.read() as session:
        stale = select(func.count()).select_from(UnitDay).where(UnitDay.stale_hours != 0)
        return session.scalar(stale) or 0


def _mark(database: Database, codes: tuple[str, ...]) -> None:
    with database.read() as session:
        known = {row.code: row.id for row in session.execute(select(Unit.code, Unit.id))}
    for code in codes:
        if code not in known:
            raise click.ClickException(f"Expected a registered unit, got {code}")
    for code in codes or known:
        with database.begin() as session:
            mark_units(session, [known[code]])
