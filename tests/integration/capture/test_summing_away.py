"""Sums of days of which months of readings were put away, or made anew; PostgreSQL only."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.integration.capture.test_summing import (
    DAY,
    days_of,
    exposure,
    record,
    record_days,
    unit_id,
)
from tests.integration.country import REGISTRY, load_registry
from tests.integration.trace.test_exposure import begin_with, sum_all
from traceapp.capture.stale import mark_units
from traceapp.db import Database, open_database

_DAY = timedelta(days=1)


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Generator[Database, None, None]:
    opened = open_database(postgresql_url)
    load_registry(opened, REGISTRY)
    yield opened
    opened.close()


def put_away(database: Database, query: str) -> None:
    """Detach the month of readings whose name a query tells."""
    with database.begin() as session:
        part = session.scalar(text(query))
        session.execute(text(f"ALTER TABLE reading DETACH PARTITION {part}"))


def test_sums_stay_when_a_month_of_readings_is_put_away(postgresql_database: Database) -> None:
    database = postgresql_database
    record_days(database, "S1", 5.0, days=2)
    record(database, "S1", (12.05, 9.0), (30.02, 1.0))
    begin_with(database, DAY)
    sum_all(database)
    before = exposure(database, "FRIDGE", 3, 48)
    assert before.minutes_above == pytest.approx(7)
    assert before.minutes_below == pytest.approx(8.8)
    with database.begin() as session:
        part = session.scalar(text("SELECT tableoid::regclass::text FROM reading LIMIT 1"))
        session.execute(text(f"ALTER TABLE reading DETACH PARTITION {part}"))
    after = exposure(database, "FRIDGE", 3, 48)
    assert after.observed_minutes == before.observed_minutes
    assert after.minutes_above == pytest.approx(before.minutes_above)
    assert after.minutes_below == pytest.approx(before.minutes_below)
    assert after.vvm_life_used == pytest.approx(before.vvm_life_used)
    part_of_an_hour = exposure(database, "FRIDGE", 12.5, 13.25)
    assert (part_of_an_hour.observed_minutes, part_of_an_hour.max_celsius) == (45, 9.0)
    load_registry(database, [{"kind": "sensor", "code": "S1", "unit": "FRIDGE", "interval_s": 60}])
    assert sum_all(database) == []
    assert exposure(database, "FRIDGE", 3, 48).observed_minutes == before.observed_minutes
    assert len(days_of(database, "FRIDGE")) == 2
    with pytest.raises(OperationalError):
        record(database, "S1", (13.0, 4.0))
    record(database, "S1", (13.0, 4.0))  # The month was made anew.
    sum_all(database)
    again = exposure(database, "FRIDGE", 3, 48)
    assert again.observed_minutes == before.observed_minutes


def test_sums_stay_when_a_late_reading_makes_a_month_anew_that_was_put_away(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    record_days(database, "S1", 5.0, days=2)
    record(database, "S1", (12.05, -5.0))
    begin_with(database, DAY)
    sum_all(database)
    put_away(database, "SELECT tableoid::regclass::text FROM reading LIMIT 1")
    with pytest.raises(OperationalError):
        record(database, "S1", (30.0, 4.0))
    record(database, "S1", (30.0, 4.0))  # The month was made anew.
    load_registry(database, [{"kind": "sensor", "code": "S1", "unit": "FRIDGE", "interval_s": 300}])
    sum_all(database)
    assert exposure(database, "FRIDGE", 3, 47).is_frozen
    with database.begin() as session:
        mark_units(session, [unit_id(database, "FRIDGE")])
    sum_all(database)
    assert exposure(database, "FRIDGE", 3, 47).is_frozen


def test_the_first_day_after_a_month_that_was_put_away_keeps_what_hung_on_its_last_reading(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    slow = {"kind": "sensor", "code": "M1", "unit": "FRIDGE", "interval_s": 600}
    load_registry(database, [{**slow, "silence_s": 43_200}])
    with database.begin() as session:
        session.execute(text("ALTER TABLE reading DETACH PARTITION reading_earlier"))
    before = [(-96.0 + n, 5.0) for n in range(24)]
    record(database, "M1", *before, (-72.1, 15.0), *((n - 62.0, 5.0) for n in range(40)))
    with database.begin() as session:
        for month in ("04", "05"):  # As if they had never been away.
            session.execute(text(f"COMMENT ON TABLE reading_2021_{month} IS NULL"))
    begin_with(database, DAY - 4 * _DAY)
    sum_all(database)
    assert exposure(database, "FRIDGE", -72, -48).minutes_above == 600
    put_away(database, "SELECT 'reading_2021_04'")
    with database.begin() as session:
        mark_units(session, [unit_id(database, "FRIDGE")])
    sum_all(database)
    assert exposure(database, "FRIDGE", -72, -48).minutes_above == 600
