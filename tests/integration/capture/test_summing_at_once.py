"""Summing on PostgreSQL while others write."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Event, Thread

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.reading import Reading
from schemas.registry import KINDS
from tests.integration.capture.test_summing import (
    DAY,
    at,
    exposure,
    record,
    record_days,
    unit_id,
)
from tests.integration.country import NOW, REGISTRY, load_registry
from tests.integration.trace.test_exposure import begin_with, sum_all
from tests.integration.trace.test_past import agree
from traceapp.capture.listing import list_days
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.registry import register
from traceapp.capture.summing import sum_days
from traceapp.db import Database, open_database
from traceapp.models.unit_day import UnitDay, UnitPast
from traceapp.rules.exposure import timeline
from traceapp.rules.hour import midnight, sum_hours, unpack_hours
from traceapp.watch.heard import Span, hear, load_attached

_DAY = timedelta(days=1)
#: Stretches, in hours: some over before the last day, one that goes on into it.
_ASKED = ((1, 30), (5, 47.5), (20, 60), (0, 72))


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Generator[Database, None, None]:
    opened = open_database(postgresql_url)
    load_registry(opened, REGISTRY)
    yield opened
    opened.close()


def rows_that_lie(database: Database) -> tuple[int, list[UnitDay]]:
    """How many rows hold in one snapshot, and those that do not say what its readings say."""
    engine = database.engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine) as session:
        rows = session.scalars(select(UnitDay).where(UnitDay.stale_hours == 0)).all()
        attached = load_attached(session, {row.unit_id for row in rows})
        begins = [midnight(row.measured_on) for row in rows]
        spans = [Span(row.unit_id, b, b + _DAY) for row, b in zip(rows, begins, strict=True)]
        lying = []
        for row, span, heard in zip(rows, spans, hear(session, spans, attached), strict=True):
            segments = timeline(heard, span.since, span.until, span.as_of)
            true = [one._replace(parts=()) for one in sum_hours(segments, span.since, 24)]
            kept = unpack_hours(row.hours or b"", row.detail)
            if [one._replace(parts=()) for one in kept] != true:
                lying.append(row)
        return len(rows), lying


def change_sensors(database: Database) -> None:
    """Change the pace of one sensor, and move another to and fro."""
    for step in range(6):
        document = {"kind": "sensor", "code": "S2", "unit": "FRIDGE", "interval_s": 600}
        load_registry(database, [{**document, "silence_s": 1_800 + step}])
        moved = {"kind": "sensor", "code": "T1", "unit": ("FRIDGE", "TRUCK")[step % 2]}
        load_registry(database, [{**moved, "attached_from": at(20 + step).isoformat()}])


def sum_up(database: Database, is_over: Event) -> None:
    """Sum and list until it is over."""
    while not is_over.is_set():
        with database.begin() as session:
            if not sum_days(session, 2):
                list_days(session, NOW, 1)


def look(database: Database, is_over: Event) -> int:
    """Look for rows that lie until it is over; how many there were that held."""
    seen = 0
    while not is_over.is_set():
        holding, lying = rows_that_lie(database)
        assert lying == []
        seen += holding
    return seen


def go_on(database: Database) -> int:
    """List and sum for a while; how many days were summed."""
    count = 0
    for _ in range(20):
        with database.begin() as session:
            if not (some := sum_days(session)):
                list_days(session, NOW)
            count += len(some)
    return count


def ask(database: Database, is_over: Event) -> int:
    """Ask for the same stretches until it is over; how often."""
    times = 0
    while not is_over.is_set():
        for hours in _ASKED:
            exposure(database, "FRIDGE", *hours)
        times += 1
    return times


def test_no_row_ever_says_other_than_its_readings_while_others_write(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    record_days(database, "S1", days=3)
    begin_with(database, DAY)
    is_over = Event()

    def write(sensor: str, shift: float) -> None:
        for step in range(40):
            record(database, sensor, ((step * 7.3 + shift) % 72, 3.0 + step % 9))

    with ThreadPoolExecutor(8) as pool:
        others = [pool.submit(sum_up, database, is_over) for _ in range(2)]
        looking = pool.submit(look, database, is_over)
        asking = pool.submit(ask, database, is_over)
        writing = [pool.submit(write, f"{name}1", n / 100) for n, name in enumerate("STC")]
        writing.append(pool.submit(change_sensors, database))
        try:
            for one in writing:
                one.result(timeout=120)
        finally:
            is_over.set()
        seen = looking.result(timeout=60)
        assert asking.result(timeout=60) > 1
        for one in others:
            one.result(timeout=60)
    for hours in _ASKED:
        agree(database, *hours)
    sum_all(database)
    holding, lying = rows_that_lie(database)
    assert (holding >= 6, lying) == (True, [])
    assert seen > 0


def test_nothing_is_summed_while_somebody_writes_who_may_not_know_that_it_was_listed(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    record_days(database, "S1")
    begin_with(database, DAY)
    message = ReadingMessage("S2", [Reading(at(9), 30.0)])
    with database.begin() as writer:
        record_readings(writer, [message], NOW)  # No day is listed yet: nothing is marked.
        assert go_on(database) == 0
    assert go_on(database) == 1
    assert exposure(database, "FRIDGE", 0, 24).max_celsius == 30.0
    assert rows_that_lie(database) == (1, [])


def test_nothing_is_summed_while_somebody_writes_who_began_during_the_listing(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    record_days(database, "S1")
    begin_with(database, DAY)
    message = ReadingMessage("S2", [Reading(at(9), 30.0)])
    with ExitStack() as writing:
        with database.begin() as lister:
            assert list_days(lister, NOW)
            assert list_days(lister, NOW)
            # The number of this transaction is the newest, and no older one is over after it.
            record_readings(writing.enter_context(database.begin()), [message], NOW)
        assert go_on(database) == 0
    assert go_on(database) == 1
    assert exposure(database, "FRIDGE", 0, 24).max_celsius == 30.0
    assert rows_that_lie(database) == (1, [])


def test_a_writer_that_marks_a_day_that_is_being_summed_waits_and_leaves_it_stale(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    record_days(database, "S1")
    begin_with(database, DAY)
    sum_all(database)
    record(database, "S1", (3.03, 6.0))
    writer = Thread(target=record, args=(database, "S1", (4.03, 30.0)))
    with database.begin() as session:
        [summed] = sum_days(session)
        writer.start()
        writer.join(1.0)
        assert writer.is_alive()
    writer.join(60)
    assert summed.hours == (2, 3)
    assert exposure(database, "FRIDGE", 0, 24).max_celsius == 30.0
    assert [one.hours for one in sum_all(database)] == [(3, 4)]
    assert rows_that_lie(database) == (1, [])


def test_two_moves_of_one_sensor_at_once_leave_no_trace_of_the_one_that_was_replaced(
    postgresql_database: Database,
) -> None:
    database = postgresql_database
    record_days(database, "S1", 30.0, days=3)
    begin_with(database, DAY)
    sum_all(database)

    def move(session: Session, unit: str, hour: float) -> None:
        document = {"code": "S1", "unit": unit, "interval_s": 600}
        said = KINDS["sensor"]().load({**document, "attached_from": at(hour).isoformat()})
        register(session, "sensor", said, NOW)

    def second() -> None:
        with database.begin() as session:
            move(session, "CDC-1", 5)

    moving = Thread(target=second)
    with database.begin() as first:
        move(first, "TRUCK", 10)
        moving.start()
        moving.join(1.0)
        assert moving.is_alive()
        counted = select(UnitPast.changes).where(UnitPast.unit_id == unit_id(database, "TRUCK"))
        once = first.scalars(counted).one()
    moving.join(60)
    with database.read() as session:
        assert session.scalars(counted).one() > once
    sum_all(database)
    assert exposure(database, "TRUCK", 0, 48).observed_minutes == 0
    assert rows_that_lie(database)[1] == []
