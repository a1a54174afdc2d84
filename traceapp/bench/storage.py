"""What a reading costs on disk, and whether keeping one costs more when there are many."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from schemas.reading import Reading
from traceapp.bench.history import (
    INTERVAL,
    History,
    fill,
    new_database,
    register_fleet,
    sensor_code,
)
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.reading_copy import copy_readings
from traceapp.db import Database, is_postgresql
from traceapp.models.base import microseconds

#: Readings in a transaction.
BATCH = 1_000
#: What the database alone takes for the same rows: nothing is sent, compared or judged.
_BARE = (
    "INSERT INTO reading (sensor_id, at, celsius, received_at, is_implausible)"
    " SELECT id, {at}, 5.0, {at}, false FROM sensor WHERE id BETWEEN :first AND :last"
)
_BARE_AT = ("(:second + id % 600) * 1000000", "to_timestamp(:second + id % 600)")
_PARTS = "FROM pg_class WHERE relispartition AND relkind = 'r' AND relname LIKE 'reading%'"


@dataclass(frozen=True, slots=True)
class Storage:
    """What was measured with `rows` readings stored; µs a reading."""

    rows: int
    fill_s: float
    judged_us: float
    copied_us: float
    bare_us: float
    size: Size


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes a reading; SQLite keeps the table in its index."""

    table: float
    index: float = 0.0
    packed_index: float = 0.0


def measure_storage(
    kind: str, sensors: int, steps: list[int], fresh: int, tell: Callable[[int], None]
) -> Iterator[Storage]:
    """Fill a database to each number of rows in turn, and record `fresh` readings into it."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    ticks = -(-fresh // sensors)
    filled = [-(-rows // sensors) for rows in sorted(steps)]
    begin = now - (filled[-1] + 3 * ticks * len(filled) + 1) * INTERVAL
    with (
        tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name,
        new_database(kind, Path(name), begin, now) as database,
    ):
        history = register_fleet(database, sensors, 1, begin)
        empty = _sqlite_bytes(database)
        tick = 0
        for wanted in filled:
            began = time.perf_counter()
            fill(history, tick, wanted, tell)
            took = time.perf_counter() - began
            tick = max(tick, wanted)
            _settle(database)
            taken = []
            for write in (_record, _copy, _insert):
                seconds = _seconds(history, tick, ticks, write)
                taken.append(seconds * 1_000_000 / (ticks * sensors))
                tick += ticks
            rows = tick * sensors
            judged, copied, bare = taken
            yield Storage(rows, took, judged, copied, bare, _size(database, rows, empty))


def _settle(database: Database) -> None:
    """What autovacuum and the checkpointer do in a database that has run for a while."""
    with database.begin() as session:
        if is_postgresql(session):
            session.execute(text("ANALYZE reading"))
            session.execute(text("CHECKPOINT"))


def _seconds(
    history: History, tick: int, ticks: int, write: Callable[[Session, History, int, range], None]
) -> float:
    """How long it takes to write these ticks, a batch of sensors in a transaction."""
    began = time.perf_counter()
    for number in range(tick, tick + ticks):
        for first in range(1, history.sensors + 1, BATCH):
            ids = range(first, min(first + BATCH, history.sensors + 1))
            with history.database.begin() as session:
                write(session, history, number, ids)
    return time.perf_counter() - began


def _reading(history: History, tick: int, number: int) -> Reading:
    return Reading(history.at(number, tick), 4.0 + number % 20 / 10)


def _record(session: Session, history: History, tick: int, ids: range) -> None:
    """As over HTTP: looked up, compared, judged."""
    messages = [ReadingMessage(sensor_code(n), [_reading(history, tick, n)]) for n in ids]
    receipts = record_readings(session, messages, history.tick(tick + 1))
    assert sum(receipt.stored for receipt in receipts) == len(ids)


def _copy(session: Session, history: History, tick: int, ids: range) -> None:
    """As the line does what is quiet by what it knows by heart."""
    rows = [(n, [microseconds(history.at(n, tick))], [_reading(history, tick, n)]) for n in ids]
    copy_readings(session, rows, history.tick(tick + 1))


def _insert(session: Session, history: History, tick: int, ids: range) -> None:
    at = _BARE_AT[is_postgresql(session)]
    told = {"second": int(history.tick(tick).timestamp()), "first": ids[0], "last": ids[-1]}
    session.execute(text(_BARE.format(at=at)), told)


def _size(database: Database, rows: int, empty: int) -> Size:
    if database.is_sqlite:
        return Size((_sqlite_bytes(database) - empty) / rows)
    with database.read() as session:
        asked = text(f"SELECT SUM(pg_table_size(oid)), SUM(pg_indexes_size(oid)) {_PARTS}")
        table, index = session.execute(asked).one()
        # What an administrator does when a month is over; here it is rolled back.
        for name in session.scalars(text(f"SELECT relname {_PARTS}")).all():
            session.execute(text(f"REINDEX INDEX {name}_pkey"))
        _, packed = session.execute(asked).one()
    return Size(int(table) / rows, int(index) / rows, int(packed) / rows)


def _sqlite_bytes(database: Database) -> int:
    if not database.is_sqlite:
        return 0
    with database.read() as session:
        pages = session.scalar(text("PRAGMA page_count")) or 0
        return int(pages) * int(session.scalar(text("PRAGMA page_size")) or 0)
