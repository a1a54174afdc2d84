"""When many fall silent at once they are noticed by parts: nobody is missed, nobody is doubled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from ingest.pipeline import Pipeline
from ingest.service import Service
from ingest.silence import Silences
from schemas.reading import Reading
from tests.fakes.broker import FakeBroker
from tests.integration.country import NOW, load_registry
from tests.integration.country import REGISTRY as COUNTRY
from tests.integration.ingest.conftest import Clock
from tests.integration.ingest.test_memory import ingester, say
from traceapp.capture.judging import judge_sensors
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.models.excursion import Excursion, Run
from traceapp.models.sensor import Sensor

HEARD = NOW - timedelta(hours=2)
#: All may be silent for half an hour.
LATER = HEARD + timedelta(minutes=31)
SENSORS = ["S1", "S2", "C1", *(f"M{number}" for number in range(6))]
MOST = 2


@pytest.fixture
def line(database: Database) -> Pipeline:
    """A line that knows some of nine sensors by heart, all of which spoke last at HEARD."""
    load_registry(database, COUNTRY)
    for code in SENSORS[3:]:
        load_registry(database, [
            {"kind": "unit", "code": f"U-{code}", "site": "CDC", "name": code,
             "type": "refrigerator"},
            {"kind": "sensor", "code": code, "unit": f"U-{code}", "interval_s": 600},
        ])  # fmt: skip
    line = ingester(database, "line", lambda: NOW)
    say(line, [(code, Reading(HEARD, 4.0)) for code in SENSORS[:5]])
    assert len(line._memory) > 0
    speak(database, SENSORS[5:], HEARD)
    by_parts(line, database)
    return line


def by_parts(line: Pipeline, database: Database) -> None:
    line.silences = Silences(line._database, line._memory, MOST)


def speak(database: Database, codes: Collection[str], at: datetime) -> None:
    """Let sensors say over HTTP that all is well."""
    with database.begin() as session:
        messages = [ReadingMessage(code, [Reading(at, 4.0)]) for code in codes]
        record_readings(session, messages, NOW)


def silent(database: Database) -> list[str]:
    """The sensors whose silence runs, each as often as it does."""
    query = select(Sensor.code).join(Run, Run.sensor_id == Sensor.id).where(Run.rule == "silence")
    with database.read() as session:
        return sorted(session.scalars(query.where(Run.ended_at.is_(None))))


def judged(database: Database) -> list[Any]:
    """All runs and excursions."""
    run, one = Run, Excursion
    runs = select(run.sensor_id, run.unit_id, run.rule, run.started_at, run.triggered_at,
                  run.ended_at)  # fmt: skip
    excursions = select(one.unit_id, one.rule, one.started_at, one.triggered_at, one.ended_at,
                        one.state)  # fmt: skip
    with database.read() as session:
        rows = [*session.execute(runs), *session.execute(excursions)]
    return sorted(str(tuple(row)) for row in rows)


def notice_all(line: Pipeline, now: datetime = LATER) -> list[int]:
    """How many were opened, part by part, until nobody is left."""
    opened = [line.silences.notice(now, None)]
    while line.silences.left:
        opened.append(line.silences.notice(now, None))
    return opened


def test_many_silences_are_opened_by_parts_each_of_them_once(
    line: Pipeline, database: Database
) -> None:
    opened = notice_all(line)
    assert sum(opened) == len(SENSORS)
    assert max(opened) <= MOST
    assert silent(database) == sorted(SENSORS)
    assert notice_all(line, LATER + timedelta(minutes=1)) == [0]
    assert silent(database) == sorted(SENSORS)


def test_parts_come_to_the_same_as_judging_all_from_the_first_reading(
    line: Pipeline, database: Database
) -> None:
    notice_all(line)
    by_parts = judged(database)
    with database.begin() as session:
        judge_sensors(session, session.scalars(select(Sensor.id)).all(), LATER)
    assert judged(database) == by_parts


def test_who_speaks_before_its_turn_is_not_called_silent(
    line: Pipeline, database: Database
) -> None:
    line.silences.notice(LATER, None)
    first = silent(database)
    spoke = [code for code in SENSORS if code not in first][:3]
    speak(database, spoke, LATER - timedelta(minutes=1))
    notice_all(line)
    assert silent(database) == sorted(set(SENSORS) - set(spoke))


def test_who_was_noticed_by_somebody_else_before_its_turn_is_not_noticed_twice(
    line: Pipeline, database: Database
) -> None:
    line.silences.notice(LATER, None)
    with database.begin() as session:
        judge_sensors(session, session.scalars(select(Sensor.id)).all(), LATER)
    assert sum(notice_all(line)) == 0
    assert silent(database) == sorted(SENSORS)


def test_a_part_that_fails_loses_nobody(line: Pipeline, database: Database) -> None:
    line.silences.notice(LATER, None)
    left = [1]

    @event.listens_for(database.engine, "before_cursor_execute")
    def _fail(*heard: Any) -> None:
        if left and "INSERT INTO excursion" in heard[2]:
            left.clear()
            raise OperationalError("", {}, Exception("connection lost"))

    with pytest.raises(OperationalError):
        line.silences.notice(LATER, None)
    assert len(silent(database)) == MOST
    notice_all(line)
    assert silent(database) == sorted(SENSORS)


def test_who_is_left_when_an_ingester_dies_is_noticed_by_the_next(
    line: Pipeline, database: Database
) -> None:
    line.silences.notice(LATER, None)
    del line
    again = ingester(database, "line", lambda: NOW)
    assert sum(notice_all(again)) == len(SENSORS) - MOST
    assert silent(database) == sorted(SENSORS)


def test_a_sensor_of_which_nothing_can_be_said_does_not_hold_up_the_others(
    line: Pipeline, database: Database
) -> None:
    with database.begin() as session:  # It spoke, and stands nowhere.
        session.add(Sensor(code="NOWHERE", interval_s=600, is_registered=True))
    speak(database, ["NOWHERE"], HEARD)
    for minutes in range(3):
        notice_all(line, LATER + timedelta(minutes=minutes))
    assert silent(database) == sorted(SENSORS)


def test_the_line_goes_on_between_two_parts_and_waits_for_no_clock(
    line: Pipeline, database: Database, broker: FakeBroker, clock: Clock
) -> None:
    del line
    clock.now = LATER
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    by_parts(service.pipeline, database)
    for _ in range(2):  # It connects, and then there is nothing.
        service.step()
    assert 0 < len(silent(database)) <= MOST
    spoke = next(code for code in SENSORS if code not in silent(database))
    site = "CLINIC" if spoke in ("S1", "S2") else "CDC"
    at = (LATER - timedelta(minutes=1)).isoformat()
    broker.send(f"coldchain/v1/{site}/{spoke}/readings", f'{{"at": "{at}", "celsius": 4.0}}')
    for _ in range(len(SENSORS)):
        service.step()
    assert silent(database) == sorted({*SENSORS} - {spoke})
