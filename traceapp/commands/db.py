"""`traceapp db`: the database's tables."""

from __future__ import annotations

import os
from pathlib import Path

import click
from sqlalchemy import make_url

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
    _make_folder(settings.database_url)
    before, after = upgrade_database(settings.database_url)
    click.echo(f"Database at {after}" + ("" if before == after else f", was at {before}"))


def _make_folder(url: str) -> None:
    """Make the folder of a SQLite file: a fresh clone has no `var` yet, and SQLite makes none."""
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite":
        folder = Path(parts.database or "").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = f"Expected a folder {folder} for the database: {error}"
            raise click.ClickException(said) from None
