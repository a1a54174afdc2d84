"""`traceapp db`: the database's tables."""

from __future__ import annotations

import os

import click

from config import load_settings
from traceapp.schema import upgrade_database


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
def upgrade() -> None:
    """Create or migrate the database of TRACEAPP_DATABASE_URL."""
    settings = load_settings(os.environ)
    settings.require("database_url")
    before, after = upgrade_database(settings.database_url)
    click.echo(f"Database at {after}" + ("" if before == after else f", was at {before}"))
