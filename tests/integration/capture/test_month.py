"""Readings by month on PostgreSQL: made ahead, made on demand, and never a reason to refuse."""

from __future__ import annotations

import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from schemas.reading import Reading
from traceapp.capture.month import make_months
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database, open_database
from traceapp.models.reading import Reading as ReadingRow
from traceapp.schema import upgrade_database
from traceapp.watch.sample import newest_before, newest_samples

_NOW = datetime(2031, 3, 15, 8, 0, tzinfo=UTC)


@pytest.fixture
def postgresql_database(empty_postgresql_url: str) -> Generator[Database, None, None]:
    """PostgreSQL as it was made in March 2031."""
    upgrade_database(empty_postgresql_url, _NOW)
    database = open_database(empty_postgresql_url)
    yield database
    database.close()


def _parts(database: Database) -> dict[str, str]:
    query = text(
        "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class"
        " WHERE relispartition AND relkind = 'r' ORDER BY relname"
    )
    with database.read() as session:
        return {row[0]: row[1] for row in session.execute(query)}


def _record(database: Database, *moments: datetime, now: datetime | None = None) -> int:
    message = ReadingMessage("45-1", [Reading(at, 5.0) for at in moments])
    with database.begin() as session:
        [receipt] = record_readings(session, [message], now or max(moments))
    return receipt.stored


def _homes(database: Database) -> dict[datetime, str]:
    with database.read() as session:
        rows = session.execute(text("SELECT at, tableoid::regclass::text FROM reading"))
        return {row[0]: row[1] for row in rows}


def test_an_upgrade_makes_three_months_back_twelve_ahead_and_one_for_all_before(
    postgresql_database: Database,
) -> None:
    parts = _parts(postgresql_database)
    assert len(parts) == 17
    assert parts["reading_earlier"].endswith("FROM (MINVALUE) TO ('2030-12-01 00:00:00+00')")
    assert parts["reading_2030_12"].endswith("TO ('2031-01-01 00:00:00+00')")
    assert parts["reading_2032_03"].endswith("TO ('2032-04-01 00:00:00+00')")


def test_a_month_later_one_month_is_missing_and_then_none(postgresql_database: Database) -> None:
    for expected in (["reading_2032_04"], []):
        with postgresql_database.begin() as session:
            assert make_months(session, _NOW + timedelta(days=31)) == expected


def test_readings_lie_in_the_month_of_their_own_moment_in_utc(
    postgresql_database: Database,
) -> None:
    moments = {
        datetime(1999, 1, 1, tzinfo=UTC): "reading_earlier",
        datetime(2030, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC): "reading_2030_12",
        datetime(2031, 1, 1, tzinfo=UTC): "reading_2031_01",
        _NOW: "reading_2031_03",
    }
    assert _record(postgresql_database, *moments) == 4
    assert _homes(postgresql_database) == moments
    assert _record(postgresql_database, *moments) == 0


def test_after_years_of_rest_a_reading_gets_its_month_made_and_is_kept(
    postgresql_database: Database,
) -> None:
    late = datetime(2034, 7, 1, tzinfo=UTC)
    assert _record(postgresql_database, late, late + timedelta(days=40)) == 2
    made = {name for name in _parts(postgresql_database) if "2033" in name or "2034" in name}
    assert made == {"reading_2034_07", "reading_2034_08"}
    # Between the two there is nothing yet; whoever brings both ends gets what lies between.
    assert _record(postgresql_database, _NOW, late + timedelta(hours=1)) == 2
    assert len(_parts(postgresql_database)) == 17 + 2 + 27


def test_a_month_whose_making_was_rolled_back_is_made_again(
    postgresql_database: Database,
) -> None:
    late = datetime(2034, 7, 1, tzinfo=UTC)
    message = ReadingMessage("45-1", [Reading(late, 5.0)])

    def give_up() -> None:
        with postgresql_database.begin() as session:
            for _ in range(2):  # The second time the month is there, and yet not for good.
                record_readings(session, [message], late)
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            give_up()
    assert _record(postgresql_database, late) == 1


def test_a_month_that_was_detached_beneath_us_is_waited_for_and_made_anew(
    postgresql_database: Database,
) -> None:
    assert _record(postgresql_database, _NOW) == 1
    with postgresql_database.begin() as session:
        session.execute(text("ALTER TABLE reading DETACH PARTITION reading_2031_02"))
    february = datetime(2031, 2, 3, tzinfo=UTC)
    with pytest.raises(OperationalError, match="no partition"):
        _record(postgresql_database, february, now=_NOW)
    assert _record(postgresql_database, february, now=_NOW) == 1
    assert _homes(postgresql_database)[february] == "reading_2031_02_2"


def test_many_who_miss_the_same_month_at_once_make_it_once(postgresql_database: Database) -> None:
    late = datetime(2034, 7, 1, tzinfo=UTC)
    start, failures = threading.Barrier(6), []

    def write(number: int) -> None:
        reading = Reading(late + timedelta(minutes=number), 5.0)
        start.wait(60)
        try:
            with postgresql_database.begin() as session:
                record_readings(session, [ReadingMessage(f"45-{number}", [reading])], late)
        except SQLAlchemyError as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert failures == []
    with postgresql_database.read() as session:
        assert session.scalar(select(func.count()).select_from(ReadingRow)) == 6
    assert [name for name in _parts(postgresql_database) if "2034" in name] == ["reading_2034_07"]


def test_making_months_stops_nobody_who_is_writing(postgresql_database: Database) -> None:
    with postgresql_database.begin() as writing:
        record_readings(writing, [ReadingMessage("45-1", [Reading(_NOW, 5.0)])], _NOW)
        with postgresql_database.begin() as session:
            session.execute(text("SET LOCAL lock_timeout = '30s'"))
            assert make_months(session, _NOW + timedelta(days=31)) == ["reading_2032_04"]
        record_readings(writing, [ReadingMessage("45-2", [Reading(_NOW, 5.0)])], _NOW)


def test_a_part_of_somebodys_own_is_left_alone_and_what_it_leaves_open_is_made(
    postgresql_database: Database,
) -> None:
    with postgresql_database.begin() as session:
        session.execute(
            text(
                "CREATE TABLE half PARTITION OF reading"
                " FOR VALUES FROM ('2034-07-10T08:00+08') TO ('2034-07-20T00:00Z')"
            )
        )
    days = [datetime(2034, 7, day, tzinfo=UTC) for day in (1, 15, 31)]
    assert _record(postgresql_database, *days) == 3
    assert len(_parts(postgresql_database)) == 17 + 3
    homes = ["reading_2034_07", "half", "reading_2034_07_2"]
    assert _homes(postgresql_database) == dict(zip(days, homes, strict=True))


def test_the_newest_reading_is_looked_for_month_by_month_and_nothing_is_sorted(
    postgresql_database: Database,
) -> None:
    asked: list[tuple[str, Any]] = []

    @event.listens_for(postgresql_database.engine, "before_cursor_execute")
    def note(_c: object, _k: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    with postgresql_database.read() as session:
        newest_samples(session, [1])
        newest_before(session, 1, _NOW)
    searches = list(asked)
    assert len(searches) == 2
    with postgresql_database.read() as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL enable_bitmapscan = off"))
        for statement, parameters in searches:
            rows = session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters)
            plan = "\n".join(row[0] for row in rows)
            assert "Append" in plan
            assert "Sort" not in plan
            assert plan.count("reading_2031_02_pkey") == 1
