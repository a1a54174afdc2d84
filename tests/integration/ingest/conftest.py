"""The line between a fake broker and a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ingest.pipeline import Pipeline
from tests.fakes.broker import FakeBroker
from traceapp.db import Database

NOW = datetime(2021, 6, 1, tzinfo=UTC)


class Clock:
    """A clock that moves when a test says so, and whenever somebody pauses by it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.pauses: list[float] = []
        self.on_pause: Callable[[], object] = lambda: None

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.on_pause()


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
