"""The line's clock: whose time it is, and what happens when somebody sets it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import InterfaceError, OperationalError

from ingest import metrics
from traceapp.db import Database, is_postgresql

_COMPARE_EVERY_S = 5.0
#: A difference that long is told; no clock drifts so far between two looks.
CLOCKS_DIFFER_S = 60.0

log = structlog.get_logger("ingest.clock")


def machine_clock() -> datetime:
    """The moment by this machine's clock, aware and in UTC."""
    return datetime.now(UTC)


class RecordClock:
    """The time of the record: the database's on PostgreSQL, the machine's on SQLite.

    Between two looks it is carried on by a counter that nobody can set. So a jump of an ingester's
    clock moves no reading and silences nobody: where the database has a clock of its own, the
    machine's is only compared with it. On SQLite it is the only one; it is followed, and told.
    """

    def __init__(
        self,
        database: Database,
        machine: Callable[[], datetime] = machine_clock,
        counter: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look at the clocks for the first time; raises when the database cannot be asked."""
        self._database = database
        self._machine, self._counter = machine, counter
        self.offset_s = 0.0
        """How far the machine's clock is ahead of the record's; behind where it is negative."""
        self._moment, self._seen_at = self._look(), counter()
        self._note_offset()

    def __call__(self) -> datetime:
        """The moment, aware and in UTC."""
        return self._moment + timedelta(seconds=self._counter() - self._seen_at)

    def compare(self) -> None:
        """Look again when it is time; a database that is away leaves us the counter."""
        if self._counter() - self._seen_at < _COMPARE_EVERY_S:
            return
        try:
            moment = self._look()
        except (OperationalError, InterfaceError):
            return
        jump_s = (moment - self()).total_seconds()
        self._moment, self._seen_at = moment, self._counter()
        if abs(jump_s) > CLOCKS_DIFFER_S:
            metrics.CLOCK_JUMPS.inc()
            log.error("clock_jumped", by_s=round(jump_s), meaning="the record's clock was set")
        self._note_offset()

    def _look(self) -> datetime:
        with self._database.read() as session:
            if not is_postgresql(session):
                return self._machine()
            moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
            return moment.astimezone(UTC)

    def _note_offset(self) -> None:
        before, self.offset_s = self.offset_s, (self._machine() - self()).total_seconds()
        metrics.CLOCK_OFFSET.set(self.offset_s)
        differed, differs = (abs(offset) > CLOCKS_DIFFER_S for offset in (before, self.offset_s))
        if differs and not differed:
            log.error("clock_differs", ahead_s=round(self.offset_s), meaning="the database's holds")
        elif differed and not differs:
            log.info("clock_agrees")
