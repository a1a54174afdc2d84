"""The clock of the ingester's machine jumps: forwards, backwards, and back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ingest.clock import RecordClock, machine_clock
from ingest.service import Service
from tests.fakes.broker import FakeBroker
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.reading import Reading
from traceapp.models.rejection import Rejection


class Machine:
    """A machine with a clock that somebody may set and a counter that nobody can."""

    def __init__(self) -> None:
        self.is_ahead_by = timedelta()
        self._passed_s = 0.0

    def clock(self) -> datetime:
        return machine_clock() + timedelta(seconds=self._passed_s) + self.is_ahead_by

    def counter(self) -> float:
        return self._passed_s

    def wait(self, seconds: float) -> None:
        self._passed_s += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def record_clock(database: Database, machine: Machine) -> RecordClock:
    return RecordClock(database, machine.clock, machine.counter)


@pytest.fixture
def turn(
    broker: FakeBroker, database: Database, machine: Machine, record_clock: RecordClock
) -> Callable[[], None]:
    """A reading of now comes, five seconds pass, the ingester turns."""

    def no_pause(_seconds: float) -> None:
        raise AssertionError("nothing is to be waited for")

    service = Service(
        broker,
        database,
        "ingest-test",
        record_clock,
        no_pause,
    )

    def turn() -> None:
        at = machine_clock() + timedelta(seconds=machine.counter())
        document = {"at": at.isoformat(), "celsius": 4.0}
        broker.send("coldchain/v1/CLINIC/S1/readings", json.dumps(document))
        machine.wait(5.5)
        service.step()
        machine.wait(5.5)
        service.step()

    return turn


JUMPS = pytest.mark.parametrize(
    "jump", [timedelta(hours=2), timedelta(days=400), -timedelta(hours=2), -timedelta(days=400)]
)


@JUMPS
def test_on_postgresql_no_jump_moves_a_reading_or_silences_anybody(
    jump: timedelta,
    turn: Callable[[], None],
    machine: Machine,
    database: Database,
    record_clock: RecordClock,
) -> None:
    turn()
    machine.is_ahead_by = jump
    turn()
    if database.is_sqlite:
        assert abs(record_clock() - machine.clock()) < timedelta(minutes=1)
    else:
        assert_all_is_as_if_nothing_had_happened(database)
        assert abs(record_clock.offset_s - jump.total_seconds()) < 60
    machine.is_ahead_by = timedelta()
    turn()
    turn()
    assert abs(record_clock.offset_s) < 60
    with database.read() as session:
        kept = session.scalars(select(Rejection.reason)).all()
        assert len(session.scalars(select(Reading.at)).all()) + len(kept) == 4
        assert set(kept) <= {"future"}


def assert_all_is_as_if_nothing_had_happened(database: Database) -> None:
    with database.read() as session:
        assert len(session.scalars(select(Reading.at)).all()) == 2
        assert session.scalars(select(Rejection.id)).all() == []
        assert session.scalars(select(Excursion.id)).all() == []
        for received_at in session.scalars(select(Reading.received_at)):
            assert abs(received_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_database_that_is_away_leaves_the_counter(
    machine: Machine, database: Database, record_clock: RecordClock
) -> None:
    before = record_clock()
    machine.wait(600)
    machine.is_ahead_by = timedelta(days=-3)
    assert record_clock() - before == timedelta(seconds=600)
