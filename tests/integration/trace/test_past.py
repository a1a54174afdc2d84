"""What a process remembers of the past is what the record says, whatever changed it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session

from schemas.reading import Reading
from tests.integration.capture.test_summing import (
    DAY,
    at,
    exposure,
    record,
    record_days,
    unit_id,
)
from tests.integration.country import NOW, load_registry
from tests.integration.trace.test_exposure import begin_with, sum_all
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.summing import sum_days
from traceapp.db import Database, open_database
from traceapp.models.unit_day import Summing
from traceapp.rules.exposure import Exposure, Limits
from traceapp.trace.exposure import Climate
from traceapp.trace.past import forget


@pytest.fixture
def summed(database: Database) -> Database:
    """Three days of a refrigerator, all of them summed."""
    record_days(database, "S1", days=3)
    begin_with(database, DAY)
    sum_all(database)
    return database


def asked(database: Database, *hours: float) -> tuple[Exposure, list[str]]:
    """What is said of the refrigerator, and which statements it took."""
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement != "BEGIN":
            statements.append(statement)

    unit = unit_id(database, "FRIDGE")
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        with database.read() as session:
            said = Climate(session).exposure(unit, at(hours[0]), at(hours[1]), Limits(vvm="VVM7"))
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return said, statements


def agree(database: Database, *hours: float) -> Exposure:
    """Assert that what is remembered is what the record says."""
    remembered = exposure(database, "FRIDGE", *hours)
    forget(database)
    fresh = exposure(database, "FRIDGE", *hours)
    for name in ("kinetic_sum", "vvm_life_used"):
        said = getattr(remembered, name), getattr(fresh, name)
        assert said[0] == pytest.approx(said[1], rel=1e-12)
    remembered, fresh = (
        replace(one, kinetic_sum=0.0, vvm_life_used=0.0) for one in (remembered, fresh)
    )
    assert remembered == fresh
    return remembered


def test_what_is_over_is_read_once(summed: Database) -> None:
    first, read = asked(summed, 1, 50)
    again, statements = asked(summed, 1, 50)
    assert again == first
    assert len(read) > len(statements) == 1
    forget(summed)
    assert asked(summed, 1, 50) == (first, read)


def test_a_late_reading_changes_what_was_remembered(summed: Database) -> None:
    before = exposure(summed, "FRIDGE", 1, 50)
    record(summed, "S1", (9.4, 30.0))
    assert before.max_celsius == 5.0
    assert agree(summed, 1, 50).max_celsius == 30.0
    sum_all(summed)
    assert agree(summed, 1, 50).max_celsius == 30.0


def test_a_sensor_that_had_left_changes_what_was_remembered(summed: Database) -> None:
    assert exposure(summed, "FRIDGE", 1, 50).unknown_minutes == 0
    moved = {"kind": "sensor", "code": "S1", "unit": "TRUCK"}
    load_registry(summed, [{**moved, "attached_from": at(20).isoformat()}])
    assert agree(summed, 1, 50).unknown_minutes > 0


def test_days_that_are_not_listed_yet_are_not_remembered(database: Database) -> None:
    record_days(database, "S1", days=2)
    begin_with(database, DAY)
    assert exposure(database, "FRIDGE", 1, 30).max_celsius == 5.0
    record(database, "S1", (9.4, 30.0))
    assert agree(database, 1, 30).max_celsius == 30.0


def test_a_sensor_that_fell_silent_may_speak_again(database: Database) -> None:
    record(database, "S1", *((n / 6, 5.0) for n in range(142)))
    begin_with(database, DAY)
    sum_all(database, DAY + timedelta(days=3))
    assert exposure(database, "FRIDGE", 1, 24).unknown_minutes == 0
    record(database, "S1", (80.0, 5.0))
    said = agree(database, 1, 24)
    assert said.observed_minutes + said.unknown_minutes == 23 * 60


def test_what_only_a_writer_sees_is_not_remembered(summed: Database) -> None:
    unit = unit_id(summed, "FRIDGE")

    def warmest(session: Session) -> float | None:
        return Climate(session).exposure(unit, at(1), at(50), Limits()).max_celsius

    def write() -> None:
        with summed.begin() as session:
            message = ReadingMessage("S1", [Reading(at(9.4), 30.0)])
            record_readings(session, [message], NOW)
            assert warmest(session) == 30.0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    record(summed, "S1", (9.4, 12.0))
    with summed.read() as session:
        assert warmest(session) == 12.0


def test_nothing_is_remembered_while_older_writers_go_on(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    load_registry(database, [
        {"kind": "site", "code": "CLINIC", "name": "门诊", "type": "clinic", "division": "451481"},
        {"kind": "unit", "code": "FRIDGE", "site": "CLINIC", "name": "箱", "type": "refrigerator"},
        {"kind": "sensor", "code": "S1", "unit": "FRIDGE", "interval_s": 600},
    ])  # fmt: skip
    record_days(database, "S1", days=2)
    begin_with(database, DAY)
    with database.engine.connect() as older:
        older.execute(text("CREATE TEMPORARY TABLE numbered (id int)"))  # It has a number now.
        with database.begin() as session:
            later = {"until_on": DAY.date() + timedelta(days=2), "fence": None}
            session.execute(update(Summing).values(**later))
        with database.begin() as session:
            assert sum_days(session) == []  # It notes which transactions are older.
        asked(database, 1, 30)
        assert len(asked(database, 1, 30)[1]) > 1
        older.rollback()
    asked(database, 1, 30)
    assert len(asked(database, 1, 30)[1]) == 1
    database.close()


def test_a_sensor_that_left_within_its_silence_limit_had_not_been_silent(
    database: Database,
) -> None:
    logger = {"kind": "sensor", "code": "M1", "unit": "FRIDGE", "interval_s": 600}
    logger["silence_s"] = 43_200
    load_registry(database, [logger])
    record(database, "M1", *((n / 6, 5.0) for n in range(84)), (14, 15.0), (30.0, 5.0))
    begin_with(database, DAY)
    sum_all(database, DAY + timedelta(days=3))  # The first day, and no later one.
    assert exposure(database, "FRIDGE", 0, 24).minutes_above == 10
    moved = {**logger, "unit": "TRUCK", "attached_from": at(24.2).isoformat()}
    load_registry(database, [moved])
    assert agree(database, 0, 24).minutes_above == 600
    sum_all(database)
    assert agree(database, 0, 24).minutes_above == 600


def test_nothing_is_remembered_of_a_unit_whose_sensor_may_be_silent_for_days(
    database: Database,
) -> None:
    daily = {"kind": "sensor", "code": "M1", "unit": "FRIDGE", "interval_s": 86_400}
    load_registry(database, [daily])
    record(database, "M1", (0, 5.0), (30, 15.0))
    moved = {**daily, "unit": "TRUCK", "attached_from": at(24 * 7).isoformat()}
    load_registry(database, [moved])
    begin_with(database, DAY)
    sum_all(database, DAY + timedelta(days=5))
    assert exposure(database, "FRIDGE", 0, 72).unknown_minutes > 0
    record(database, "M1", (100.0, 5.0))
    assert agree(database, 0, 72).unknown_minutes == 0
