"""Rows into a database as fast as it takes them: a day's rows of all lots together, day by day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from sqlalchemy import insert, text

from traceapp.bench.bulk import COLUMNS, Row, Rows
from traceapp.db import Database, copy_in
from traceapp.models.base import Base

_AT_ONCE = 16 * 1024 * 1024


class Depot:
    """Keeps rows in files, one for each table and day, until they are copied into PostgreSQL.

    A lot's doses lie among those of others, as they would have come.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[tuple[str, str], BinaryIO] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, rows: Rows) -> None:
        """Keep the rows of a lot."""
        for table, undated in rows.of.items():
            self._file(table, "").write(_lines(undated))
        for (table, day), dated in rows.dated.items():
            self._file(table, f"{day:%Y%m%d}").write(_lines(dated))

    def copy_into(self, database: Database) -> None:
        """Copy all of it, day after day; what refers to another row is not checked again."""
        self._stack.close()
        with database.begin() as session:
            session.execute(text("SET LOCAL session_replication_role = replica"))
            order = list(COLUMNS)
            for table, day in sorted(self._files, key=lambda one: (one[1], order.index(one[0]))):
                path = self._path(table, day)
                statement = f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN"
                with path.open("rb") as file:
                    while lines := file.readlines(_AT_ONCE):
                        copy_in(session, statement, b"".join(lines))
                path.unlink()

    def _file(self, table: str, day: str) -> BinaryIO:
        if (table, day) not in self._files:
            file = self._path(table, day).open("wb", buffering=1 << 20)
            self._files[table, day] = self._stack.enter_context(file)
        return self._files[table, day]

    def _path(self, table: str, day: str) -> Path:
        return self._folder / f"{table}-{day}.rows"


def count_past(database: Database) -> None:
    """Let the next row that anybody adds come after ours."""
    if database.is_sqlite:  # It always does.
        return
    with database.begin() as session:
        for table, columns in COLUMNS.items():
            if columns[0] == "id":
                session.execute(text(_PAST_IDS.format(table)))


_PAST_IDS = "SELECT setval(pg_get_serial_sequence('{0}', 'id'), (SELECT max(id) FROM {0}))"


def insert_into(database: Database, rows: Rows) -> None:
    """Insert the rows of a lot into whatever database it is, one table after the other."""
    with database.begin() as session:
        for table, columns in COLUMNS.items():
            own = [*rows.of.get(table, ())]
            own += [
                row for (name, _), dated in rows.dated.items() if name == table for row in dated
            ]
            if own:
                content = [dict(zip(columns, row, strict=True)) for row in own]
                session.execute(insert(Base.metadata.tables[table]), _plain(table, content))


def _plain(table: str, content: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """JSON columns as values: an INSERT spells them itself."""
    for name in {"finding": ("detail",), "movement": ("witnesses",)}.get(table, ()):
        for row in content:
            row[name] = json.loads(row[name])
    return content


def _lines(rows: Iterable[Row]) -> bytes:
    """Rows in the text format of COPY; none of our texts has a character that it would escape."""
    return "".join(
        "\t".join([_SPELL[type(value)](value) for value in row]) + "\n" for row in rows
    ).encode()


_SPELL: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    str: lambda value: value,
    int: str,
    bytes: lambda value: "\\\\x" + value.hex(),
    date: date.isoformat,
    datetime: lambda value: value.astimezone(UTC).isoformat(),
}
