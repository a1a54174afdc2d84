"""The one place where the servers know our software: an empty database gets its tables."""

from __future__ import annotations

from traceapp.schema import upgrade_database


def create_schema(url: str) -> None:
    """Bring an empty database to what the software expects, by the migrations."""
    upgrade_database(url)
