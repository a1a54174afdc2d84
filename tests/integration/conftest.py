"""What tests with one real thing may ask for besides the servers."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import Door
from traceapp.db import Database, open_database


@pytest.fixture
def door(database_url: str) -> Generator[Door, None, None]:
    """The web application over SQLite and again over PostgreSQL."""
    database = open_database(database_url)
    yield Door(database)
    database.close()


@pytest.fixture
def database(database_url: str) -> Generator[Database, None, None]:
    """A database that knows the small registry, on SQLite and again on PostgreSQL."""
    opened = open_database(database_url)
    load_registry(opened, REGISTRY)
    yield opened
    opened.close()
