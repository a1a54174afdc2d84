"""The line between a fake broker and a real database."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta

import pytest

from ingest.pipeline import Pipeline
from tests.fakes.broker import FakeBroker
from tests.integration.capture.conftest import REGISTRY, load_registry
from traceapp.db import Database, open_database

NOW = datetime(2021, 6, 1, tzinfo=UTC)


class Clock:
    """A clock that moves when a test says so, and whenever somebody pauses by it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def database(database_url: str) -> Generator[Database, None, None]:
    """A database that knows the small registry."""
    opened = open_database(database_url)
    load_registry(opened, REGISTRY)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker() -> FakeBroker:
    return FakeBroker(window=1_000)


@pytest.fixture
def pipeline(broker: FakeBroker, database: Database, clock: Clock) -> Pipeline:
    return Pipeline(broker, database, clock, pause=clock.pause)


@pytest.fixture
def settle(pipeline: Pipeline) -> Callable[[], int]:
    """Turn the line until the broker has nothing left, its echo of our answers included."""

    def turn() -> int:
        settled = 0
        while count := pipeline.step():
            settled += count
        return settled

    return turn
