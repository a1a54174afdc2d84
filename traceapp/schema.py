"""Creating and migrating the database, with Alembic and without its command line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from traceapp.capture.month import make_months
from traceapp.db import lock_for_migration, open_database


def upgrade_database(url: str, now: datetime | None = None) -> tuple[str | None, str | None]:
    """Bring the database to the newest migration; returns the revisions before and after.

    Readings get their tables for the months around `now`, on PostgreSQL.

    Safe when several processes start at once: they wait for one another.
    """
    _keep_to_owner(url)
    database = open_database(url)
    try:
        with database.begin() as session:
            lock_for_migration(session)
            before = _revision(session)
            configuration = alembic_configuration()
            configuration.attributes["connection"] = session.connection()
            command.upgrade(configuration, "head")
            after = _revision(session)
            make_months(session, now or datetime.now(UTC))
    finally:
        database.close()
    return before, after


def _keep_to_owner(url: str) -> None:
    """Let a new SQLite file, and what SQLite puts beside it, be its owner's alone."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:"):
        Path(str(address.database)).touch(mode=0o600)


def alembic_configuration() -> Config:
    """Alembic's settings: where the migrations lie."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return configuration


def _revision(session: Session) -> str | None:
    return MigrationContext.configure(session.connection()).get_current_revision()
