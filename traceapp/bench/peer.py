"""The peer of a trace: the same statements through the same driver, nothing made of their rows."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy import event

from traceapp.db import Database

Statement = tuple[Any, Any, bool]


class Recorder:
    """Hears what is sent to a database."""

    def __init__(self, database: Database) -> None:
        self._heard: list[Statement] | None = None
        if database.is_sqlite:
            event.listen(database.engine, "before_cursor_execute", self._hear)
            return
        recorder = self

        class Cursor(psycopg.Cursor[Any]):
            """The driver's own, noting what it is asked."""

            def execute(self, query: Any, params: Any = None, **more: Any) -> Any:
                answer = super().execute(query, params, **more)
                # The pool says an empty word to see whether a connection is alive.
                if recorder._heard is not None and self.description is not None:
                    recorder._heard.append((query, params, bool(more.get("binary"))))
                return answer

        self._cursor = Cursor
        event.listen(database.engine, "connect", self._attend)
        database.engine.dispose()

    def _hear(self, _one: Any, _two: Any, query: str, parameters: Any, *_: Any) -> None:
        if self._heard is not None and query != "BEGIN":
            self._heard.append((query, parameters, False))

    def _attend(self, connection: Any, _record: Any) -> None:
        connection.cursor_factory = self._cursor

    @contextmanager
    def listening(self) -> Generator[list[Statement], None, None]:
        """Note in the list what is sent in this block."""
        self._heard = []
        try:
            yield self._heard
        finally:
            self._heard = None


@contextmanager
def sender(database: Database) -> Generator[Callable[[list[Statement]], int], None, None]:
    """A function that sends statements again and returns how many rows came back."""
    if database.is_sqlite:
        with closing(database.engine.raw_connection()) as opened:
            yield lambda statements: _send_to_sqlite(opened, statements)
        return
    url = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as raw:

        def send(statements: list[Statement]) -> int:
            rows = 0
            # A COMMIT ends it: at a ROLLBACK the driver would forget what it prepared.
            with raw.transaction(), raw.cursor() as cursor:
                for query, parameters, is_binary in statements:
                    cursor.execute(query, parameters, binary=is_binary)
                    rows += len(cursor.fetchall())
            return rows

        yield send


def _send_to_sqlite(opened: Any, statements: list[Statement]) -> int:
    rows = 0
    with closing(opened.cursor()) as cursor:
        cursor.execute("BEGIN")
        for query, parameters, _ in statements:
            rows += len(cursor.execute(query, parameters).fetchall())
        cursor.execute("ROLLBACK")
    return rows
