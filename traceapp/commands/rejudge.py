"""`traceapp rejudge`: judge units again from their first reading."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime

import click
from rich.progress import track
from sqlalchemy import func, select

from config import load_settings
from traceapp.capture.judging import judge_sensors
from traceapp.db import Database, open_database
from traceapp.models.excursion import Excursion
from traceapp.models.unit import Unit
from traceapp.watch.post import sensors_of


@click.command()
@click.argument("units", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Every unit there is.")
def rejudge(units: tuple[str, ...], is_all: bool) -> None:
    """Judge UNITS again from their first reading; where nothing was wrong, nothing changes."""
    settings = load_settings(os.environ)
    settings.require("database_url")
    if is_all == bool(units):
        raise click.UsageError("Expected codes of units, or --all.")
    with closing(open_database(settings.database_url)) as database:
        chosen = _units(database, units)
        changed = 0
        for unit_id in track(chosen, "Judging", transient=True, disable=not os.isatty(2)):
            before = _said(database, unit_id)
            with database.begin() as session:
                judge_sensors(session, sensors_of(session, [unit_id]), datetime.now(UTC))
            changed += _said(database, unit_id) != before
    click.echo(f"{len(chosen)} units judged, {changed} of them changed")


def _units(database: Database, codes: tuple[str, ...]) -> list[int]:
    with database.read() as session:
        if not codes:
            return list(session.scalars(select(Unit.id).order_by(Unit.id)))
        known = {row.code: row.id for row in session.execute(select(Unit.code, Unit.id))}
    for code in codes:
        if code not in known:
            raise click.ClickException(f"Expected a registered unit, got {code}")
    return [known[code] for code in codes]


def _said(database: Database, unit_id: int) -> tuple[object, ...]:
    """How many episodes a unit has and how often they were revised."""
    with database.read() as session:
        row = session.execute(
            select(func.count(Excursion.id), func.sum(Excursion.revision)).where(
                Excursion.unit_id == unit_id
            )
        ).one()
    return tuple(row)
