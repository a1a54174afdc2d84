"""An excursion that owes e-mails, a sender, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest

from schemas.reading import Reading
from tests.integration.country import REGISTRY, load_registry
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database, open_database

NOW = datetime(2021, 6, 1, tzinfo=UTC)


class Clock:
    """A clock that moves when a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str) -> Generator[Database, None, None]:
    """A refrigerator that is too warm: a notice for one contact, an alarm for both."""
    opened = open_database(database_url)
    load_registry(opened, REGISTRY)
    warm = [Reading(NOW + timedelta(minutes=m - 30), 9.5) for m in (0, 10, 20)]
    with opened.begin() as session:
        record_readings(session, [ReadingMessage("S1", warm)], NOW)
    yield opened
    opened.close()
