"""The ingester as a process: the line, the clock's silences, signs of life, and a clean end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError

from ingest import metrics
from ingest.clock import RecordClock
from ingest.delivery import Broker
from ingest.every import Every
from ingest.health import Heartbeat, Watchdog
from ingest.partition import Tenure
from ingest.pipeline import Pipeline, Stopping
from ingest.replay import replay
from traceapp.capture.listing import list_days
from traceapp.capture.month import make_months
from traceapp.capture.summing import sum_days
from traceapp.db import Database
from traceapp.log import one_line

SILENCE_EVERY = timedelta(minutes=1)
#: After a connection, and after a database that was away, the broker may still hold what came
#: meanwhile. Nobody is called silent until that is read: until a wait brought nothing, or this
#: time has passed.
CATCH_UP = timedelta(minutes=5)
_FEED_EVERY = timedelta(seconds=5)
_REPLAY_EVERY = timedelta(seconds=5)
_MONTHS_EVERY = timedelta(hours=1)
#: A few days of units each time, for as long as there are any: readings wait meanwhile.
_SUM_EVERY = timedelta(seconds=1)
_MOST_DAYS = 20

log = structlog.get_logger("ingest.service")


class Service:
    """Turns the line until it is asked to stop; `step` is one turn, for tests too."""

    def __init__(
        self,
        broker: Broker,
        database: Database,
        process: str,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        tenure: Tenure | None = None,
        is_over: Event | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        """Take the `tenure` of a partition, which fences what we write; without it we are alone."""
        database = tenure.database if tenure else database
        self._broker = broker
        self._database = database
        self._clock = clock
        self._pause = pause
        self._tenure = tenure
        self._is_over = is_over or Event()
        self.pipeline = Pipeline(
            broker, database, clock, pause=self._wait, is_stopping=self._is_over.is_set
        )
        self._heartbeat = Heartbeat(database, process, tenure.about if tenure else None)
        self._watchdog = watchdog or Watchdog()
        self._feeding = Every(_FEED_EVERY)
        self._silence = Every(SILENCE_EVERY)
        self._replaying = Every(_REPLAY_EVERY)
        self._months = Every(_MONTHS_EVERY)
        self._summing = Every(_SUM_EVERY)
        self._caught_up_at = clock() + CATCH_UP
        self._was_connected = False

    def stop(self) -> None:
        """Ask for an end: the batch in hand is finished first."""
        self._is_over.set()

    def run(self) -> None:
        """Turn until asked to stop, then leave nothing half done. Raises for the world's faults."""
        self._beat(is_urgent=True)  # A database that is not ours to write ends us here, at once.
        try:
            while not self._is_over.is_set():
                self.step(wait_s=0.0 if self.pipeline.silences.left else 0.5)
        except Stopping:
            log.warning("stopped_with_a_batch_in_hand", meaning="the broker will send it again")
        finally:
            self._broker.close()
            self._watchdog.stop()
        log.info("stopped", stored=self.pipeline.stored, rejected=self.pipeline.rejected)

    def step(self, wait_s: float = 0.0) -> int:
        """One turn: settle a batch, then do what the clock asks for; returns how many messages."""
        self._renew()
        settled = self.pipeline.step(wait_s)
        now = self._clock()
        self._note_connection(settled, now)
        if self._feeding.is_due(now):
            self._watchdog.feed()
        try:
            self._beat()
            if self._tenure:
                self._tenure.look_around(self._broker, now)
            self._notice_silence(now)
            self._replay(now)
            self._make_months(now)
            self._sum_days(now)
        except (OperationalError, InterfaceError) as error:
            log.error("database_unavailable", error=one_line(error), waiting=0)
        return settled

    def _note_connection(self, settled: int, now: datetime) -> None:
        is_connected = self._broker.is_connected
        if is_connected and not self._was_connected:
            self._caught_up_at = now + CATCH_UP
        elif is_connected and settled == 0:
            self._caught_up_at = min(self._caught_up_at, now)
        self._was_connected = is_connected

    def _notice_silence(self, now: datetime) -> None:
        self._caught_up_at = min(self._caught_up_at, now + CATCH_UP)  # A clock may be set back.
        if now < self._caught_up_at:
            return
        if not self.pipeline.silences.left and not self._silence.is_due(now):
            return
        # Who is heard by another ingester may be waiting in its session at the broker.
        is_theirs = self._tenure.heard_elsewhere() if self._tenure else None
        opened = self.pipeline.silences.notice(now, is_theirs)
        if opened:
            metrics.SILENCES.inc(opened)
            log.info("silence_noticed", opened=opened)

    def _replay(self, now: datetime) -> None:
        if self._replaying.is_due(now):
            replay(self._database, self._clock)

    def _make_months(self, now: datetime) -> None:
        if not self._months.is_due(now):
            return
        try:
            with self._database.begin() as session:
                made = make_months(session, now)
        except ProgrammingError as error:  # We may not. There are months for a year to come.
            log.error("months_not_made", error=one_line(error))
        else:
            if made:
                log.info("months_made", tables=made)

    def _sum_days(self, now: datetime) -> None:
        if self._summing.is_due(now):
            with self._database.begin() as session:
                if not sum_days(session, _MOST_DAYS):
                    list_days(session, now)

    def _renew(self) -> None:
        if isinstance(self._clock, RecordClock):
            self._clock.compare()
        if self._tenure:
            self._tenure.renew()

    def _wait(self, seconds: float) -> None:
        """Pause while the line waits for the database; what is ours stays ours meanwhile."""
        self._pause(seconds)
        self._renew()
        self._caught_up_at = self._clock() + CATCH_UP
        self._watchdog.feed()  # To wait for a database is honest, however long it takes.
        with suppress(OperationalError, InterfaceError):  # It is told with the batch's failure.
            self._beat()

    def _beat(self, *, is_urgent: bool = False) -> None:
        self._heartbeat.beat(
            self._clock(),
            is_connected=self._broker.is_connected,
            last_commit_at=self.pipeline.last_commit_at,
            stored=self.pipeline.stored,
            rejected=self.pipeline.rejected,
            trouble=self.pipeline.trouble,
            clock_offset_s=getattr(self._clock, "offset_s", 0.0),
            is_urgent=is_urgent,
        )
