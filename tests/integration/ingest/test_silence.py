"""An ingester that knows its sensors by heart overlooks no silence, and asks of nobody twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from ingest.pipeline import Pipeline
from tests.integration.country import NOW, load_registry
from tests.integration.country import REGISTRY as COUNTRY
from tests.integration.ingest.test_memory import calm, ingester, say
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.partition import Partition
from traceapp.models.sensor import Sensor

HEARD = timedelta(minutes=40) - timedelta(days=1)
#: S1 speaks every ten minutes and may be silent for thirty.
LATER = NOW + HEARD + timedelta(minutes=31)


@pytest.fixture
def line(database: Database) -> Pipeline:
    """A line that knows S1 by heart, which spoke last at NOW + HEARD."""
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    say(line, calm(range(0, 50, 10)))
    assert len(line._memory) == 1
    return line


def silences(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(Excursion).where(Excursion.rule == "silence")).all())


def remembered_by(database: Database) -> int | None:
    with database.read() as session:
        return session.scalars(select(Sensor.remembered_by).where(Sensor.code == "S1")).one()


def test_a_sensor_that_is_known_by_heart_and_falls_silent_is_noticed_once(
    line: Pipeline, database: Database
) -> None:
    assert line.silences.notice(NOW + HEARD + timedelta(minutes=30), None) == 0
    assert line.silences.notice(LATER, None) == 1
    assert line.silences.notice(LATER + timedelta(minutes=1), None) == 0
    assert silences(database) == 1


def test_of_who_is_known_by_heart_the_database_is_not_asked(
    line: Pipeline, database: Database
) -> None:
    asked: list[str] = []
    record = event.listens_for(database.engine, "before_cursor_execute")
    record(lambda *heard: asked.append(heard[2]))
    assert line.silences.notice(NOW + HEARD, None) == 0
    [about_sensors] = [one for one in asked if "is_registered" in one]
    assert "remembered_by" in about_sensors


def test_silence_is_noticed_by_an_ingester_that_was_just_started(
    line: Pipeline, database: Database
) -> None:
    del line
    assert ingester(database, "line", lambda: NOW).silences.notice(LATER, None) == 1


def test_silence_is_noticed_after_a_failed_transaction(line: Pipeline, database: Database) -> None:
    line._memory.clear()
    assert line.silences.notice(LATER, None) == 1
    assert silences(database) == 1


def test_silence_is_noticed_after_the_look_for_it_failed(
    line: Pipeline, database: Database
) -> None:
    left = ["UPDATE sensor", "FROM sensor"]

    @event.listens_for(database.engine, "before_cursor_execute")
    def _fail(*heard: Any) -> None:
        if left and left[-1] in heard[2]:
            left.pop()
            raise OperationalError("", {}, Exception("connection lost"))

    for _ in range(2):
        with pytest.raises(OperationalError):
            line.silences.notice(LATER, None)
    assert line.silences.notice(LATER, None) == 1


def test_silence_is_noticed_of_a_sensor_that_was_too_warm_when_it_spoke_last(
    line: Pipeline, database: Database
) -> None:
    say(line, calm(range(50, 80, 10), 12.0))
    assert len(line._memory) == 1
    assert remembered_by(database) is not None
    assert line.silences.notice(LATER + timedelta(minutes=30), None) == 1


def test_silence_is_noticed_of_a_sensor_whose_door_was_open_when_it_spoke_last(
    line: Pipeline, database: Database
) -> None:
    opened = [(code, one._replace(door_open=True)) for code, one in calm(range(50, 80, 10))]
    say(line, opened)
    assert len(line._memory) == 0
    assert remembered_by(database) is None
    assert line.silences.notice(LATER + timedelta(minutes=30), None) == 1


def test_silence_is_noticed_of_a_sensor_that_somebody_else_wrote_of(
    line: Pipeline, database: Database
) -> None:
    with database.begin() as session:
        readings = [reading for _, reading in calm(range(50, 60, 10))]
        record_readings(session, [ReadingMessage("S1", readings)], NOW)
    assert line.silences.notice(LATER, None) == 0
    assert line.silences.notice(LATER + timedelta(minutes=10), None) == 1


def test_who_a_living_ingester_knows_by_heart_is_left_to_it(
    line: Pipeline, database: Database
) -> None:
    other = ingester(database, "other", lambda: NOW)
    assert other.silences.notice(LATER - timedelta(minutes=6), None) == 0
    move_lease(database, timedelta(hours=1))
    assert other.silences.notice(LATER, None) == 0
    assert line.silences.notice(LATER, None) == 1


def test_who_an_ingester_knew_by_heart_that_died_is_noticed_by_the_next(
    line: Pipeline, database: Database
) -> None:
    del line
    other = ingester(database, "other", lambda: NOW)
    move_lease(database, -timedelta(days=9_000))
    assert other.silences.notice(LATER, None) == 1


def move_lease(database: Database, by: timedelta) -> None:
    """Let the lease of `line` end so much later."""
    with database.begin() as session:
        row = session.scalars(select(Partition).where(Partition.name == "line")).one()
        assert row.held_until is not None
        row.held_until += by


def test_who_moved_to_another_ingester_is_let_go_and_noticed_there(
    line: Pipeline, database: Database
) -> None:
    other = ingester(database, "other", lambda: NOW)

    assert line.silences.notice(LATER, lambda _site: True) == 0
    assert remembered_by(database) is None
    assert other.silences.notice(LATER, None) == 1
