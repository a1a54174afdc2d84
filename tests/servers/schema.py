"""The one place where the servers know our software: an empty database gets its tables."""

from __future__ import annotations

from traceapp.db import open_database
from traceapp.models.all import metadata


def create_schema(url: str) -> None:
    """Bring an empty database to what the software expects."""
    database = open_database(url)
    metadata.create_all(database.engine)
    database.close()
