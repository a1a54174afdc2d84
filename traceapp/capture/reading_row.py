"""Readings in bulk: one statement a batch, which tells what was new, or finds what was not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Double, Select, Table, select, text, true, tuple_
from sqlalchemy.orm import Session, aliased

from schemas.reading import Reading
from traceapp.capture.month import within_months
from traceapp.db import is_postgresql
from traceapp.models.base import Base, microseconds
from traceapp.models.reading import Reading as ReadingRow
from traceapp.rows import pairs

_TABLE: Table = Base.metadata.tables[ReadingRow.__tablename__]
_COLUMNS: tuple[Column[Any], ...] = tuple(_TABLE.columns)
_NAMES = [column.name for column in _COLUMNS]
_NUMBERS = [column.name for column in _COLUMNS if isinstance(column.type, Double)]
_MOMENTS = [_NAMES.index("at"), _NAMES.index("received_at")]
_CHUNK = 1_000

Key = tuple[int, datetime]


def insert_readings(
    session: Session, readings: Iterable[tuple[int, Reading]], received_at: datetime
) -> set[Key]:
    """Insert (sensor id, reading) pairs in this order; returns the keys that were new.

    No key may come twice. A reading that is known already is left as it is.
    """
    rows = [_row(sensor_id, reading, received_at) for sensor_id, reading in readings]
    if not rows:
        return set()
    if is_postgresql(session):
        return _insert_postgresql(session, rows)
    return _insert_sqlite(session, rows)


def find_readings(session: Session, keys: Sequence[Key]) -> dict[Key, ReadingRow]:
    """The stored readings of these keys, as many as there are."""
    found: dict[Key, ReadingRow] = {}
    for start in range(0, len(keys), _CHUNK):
        rows = session.scalars(_search(session, keys[start : start + _CHUNK]))
        found |= {(row.sensor_id, row.at): row for row in rows}
    return found


def _search(session: Session, keys: Sequence[Key]) -> Select[ReadingRow]:
    """PostgreSQL goes to the one month of each key; told them as a list, it would try them all."""
    if not is_postgresql(session):
        return select(ReadingRow).where(tuple_(ReadingRow.sensor_id, ReadingRow.at).in_(keys))
    wanted = pairs(session, ReadingRow.sensor_id, ReadingRow.at, keys)
    is_wanted = (ReadingRow.sensor_id == wanted.c.first, ReadingRow.at == wanted.c.second)
    kept = aliased(ReadingRow, select(ReadingRow).where(*is_wanted).limit(1).lateral("kept"))
    return select(kept).select_from(wanted).join(kept, true())


def _row(sensor_id: int, reading: Reading, received_at: datetime) -> list[Any]:
    held = {"sensor_id": sensor_id, "received_at": received_at}
    return [held[name] if name in held else getattr(reading, name) for name in _NAMES]


def _insert_postgresql(session: Session, rows: Sequence[Sequence[Any]]) -> set[Key]:
    """One array a column: the statement is the same however many rows there are."""
    dialect = session.get_bind().dialect
    arrays = ", ".join(
        f"CAST(:{column.name} AS {column.type.compile(dialect)}[])" for column in _COLUMNS
    )
    statement = text(
        f"INSERT INTO reading ({', '.join(_NAMES)}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - names of our own columns
        "ON CONFLICT DO NOTHING RETURNING sensor_id, at"
    )
    columns = dict(zip(_NAMES, map(list, zip(*rows, strict=True)), strict=True))
    for name in _NUMBERS:  # psycopg takes no list of 8 and 8.5 together.
        columns[name] = [None if value is None else float(value) for value in columns[name]]
    with within_months(session, min(columns["at"]), max(columns["at"])):
        return {(row.sensor_id, row.at) for row in session.execute(statement, columns)}


def _insert_sqlite(session: Session, rows: Sequence[Sequence[Any]]) -> set[Key]:
    """Look first, then insert what is not there: the writer's lock keeps others out meanwhile."""
    connection = session.connection()
    spelled = [_spelled(row) for row in rows]
    sensor, at = _NAMES.index("sensor_id"), _NAMES.index("at")
    keys = json.dumps([[row[sensor], row[at]] for row in spelled])
    known = {
        (row[0], row[1])
        for row in connection.exec_driver_sql(
            "SELECT sensor_id, at FROM json_each(?) AS wanted JOIN reading"
            " ON sensor_id = json_extract(wanted.value, '$[0]')"
            " AND at = json_extract(wanted.value, '$[1]')",
            (keys,),
        )
    }
    fresh = [row for row in spelled if (row[sensor], row[at]) not in known]
    if fresh:
        places = ", ".join("?" * len(_NAMES))
        connection.exec_driver_sql(
            f"INSERT INTO reading ({', '.join(_NAMES)}) VALUES ({places})",  # noqa: S608 - names of our own columns
            fresh,
        )
    return {
        (row[sensor], row[at])
        for row, one in zip(rows, spelled, strict=True)
        if (one[sensor], one[at]) not in known
    }


def _spelled(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row as SQLite keeps it: moments in microseconds (models.base.Moment)."""
    spelled = list(row)
    for place in _MOMENTS:
        spelled[place] = microseconds(spelled[place])
    return tuple(spelled)
