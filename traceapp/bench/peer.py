"""The peer of a trace: the same statements through the same driver, nothing made of their rows."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event

from traceapp.db import Database

Statement = tuple[Any, Any, bool]


class Recorder:
    """Hears what is sent to a PostgreSQL database, and can send it again."""

    def __init__(self, database: Database) -> None:
        self._heard: list[Statement] | None = None
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
