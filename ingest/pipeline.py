"""The telemetry line: take a batch, decode, record in one transaction, answer, acknowledge.

Whose fault decides what happens. A batch that cannot be stored because of something in it is
halved until the one bad message is alone, and that one is kept as rejected. A database that is
away, full or locked is waited for with the batch in hand: nothing is acknowledged, the broker
keeps the rest, and an exit would only add a reconnection. Anything else ends the process, and so
does a mistake of ours that every message meets.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    StatementError,
)

from ingest import metrics
from ingest.answer import answers_of
from ingest.batch import Batch, hear
from ingest.decode import Said, decode
from ingest.delivery import Broker
from ingest.record import Outcome, Settled, apart, record, record_batch, refuse
from ingest.silence import Silences
from traceapp.capture.lease import LeaseLost
from traceapp.capture.memory import Memory
from traceapp.db import Database, trouble_of
from traceapp.log import one_line, where

MOST_MESSAGES = 2_000
_LONGEST_PAUSE_S = 30.0
#: So often may a batch fail while the database takes other writes before the batch is suspected.
_FAILURES_UNTIL_SUSPECTED = 3
#: So many topics in a row may break us in ways nobody foresaw before we suspect ourselves.
_TOPICS_UNTIL_DOUBT = 3

log = structlog.get_logger("ingest.pipeline")


class Stopping(Exception):
    """We were asked to end while the database was away; the batch stays with the broker."""


class Pipeline:
    """The line between one broker and one database, moved on by `step`."""

    def __init__(
        self,
        broker: Broker,
        database: Database,
        clock: Callable[[], datetime],
        *,
        most: int = MOST_MESSAGES,
        pause: Callable[[float], None] = time.sleep,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._broker = broker
        self._database = database
        self._clock = clock
        self._most = most
        self._pause = pause
        self._is_stopping = is_stopping
        self._memory = Memory()
        self.silences = Silences(database, self._memory)
        self._recorder = ThreadPoolExecutor(1, "recorder")
        self._next: Batch | None = None
        self._broken_by: set[str] = set()
        self.last_commit_at: datetime | None = None
        self.trouble: str | None = None
        """What ails the database that a batch is waiting for; None while none does."""
        self.stored = 0
        self.rejected = 0

    def step(self, wait_s: float = 0.0) -> int:
        """Settle one batch, and return how many messages it had; 0 when nothing came.

        While the database works on a batch, what has come meanwhile is taken and decoded.
        """
        batch, self._next = self._next or self._take(wait_s), None
        if batch is None:
            return 0
        began = time.perf_counter()
        first_try = self._recorder.submit(self._record_all, batch, False)
        self._next = self._take(0.0)
        settled = self._record_patiently(batch, first_try.result)
        for outcome in settled.outcomes:
            for topic, payload in answers_of(outcome):
                if not self._broker.publish(topic, payload):
                    metrics.UNSENT_ANSWERS.inc()
        told = self._broker.acknowledge(batch.deliveries)
        self._count(batch, settled, told)
        metrics.BATCH_SECONDS.observe(time.perf_counter() - began)
        return len(batch.deliveries)

    def _take(self, wait_s: float) -> Batch | None:
        """Take from the broker what is there, and decode it; None where nothing is."""
        deliveries = self._broker.take(self._most, wait_s)
        metrics.CONNECTED.set(self._broker.is_connected)
        return hear(deliveries, self._memory.names) if deliveries else None

    def _record_patiently(self, batch: Batch, attempt: Callable[[], Settled]) -> Settled:
        """Record a batch however long the database is away; raise Stopping when asked to end.

        `attempt` is the first try.
        """
        failures, pause_s = 0, 0.5
        while True:
            try:
                settled = attempt()
            except (OperationalError, InterfaceError) as error:
                failures += 1
                self.trouble = trouble_of(error)
                metrics.DATABASE_FAILURES.inc()
                said, waiting = one_line(error), len(batch.deliveries)
                log.error("database_unavailable", trouble=self.trouble, error=said,
                          waiting=waiting, again_in_s=pause_s)  # fmt: skip
                is_suspected = failures >= _FAILURES_UNTIL_SUSPECTED
                attempt = partial(self._record_all, batch, is_suspected)
            else:
                if self.trouble is not None:
                    log.info("database_well_again", was=self.trouble)
                    self.trouble = None
                return settled
            self._wait_for_database(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _record_all(self, batch: Batch, is_suspected: bool) -> Settled:
        """Record a batch with what we know by heart; without, where that fails."""
        said = [said for said in batch.said if not said.is_ours]
        if not batch.known:
            return Settled(0, self._record(said, is_suspected))
        try:
            with self._database.begin() as session:
                settled = record_batch(session, batch.known, said, self._clock(), self._memory)
        except (LeaseLost, OperationalError, InterfaceError):
            self._memory.clear()
            raise
        except Exception as error:  # noqa: BLE001 - whose fault it is, the second attempt finds out
            self._memory.clear()
            log.warning("not_known_by_heart", error=type(error).__name__, where=where(error))
            said += [decode(one.topic, one.payload) for one in batch.known]
            return Settled(0, self._record(said, is_suspected))
        self._note_commit()
        return settled

    def _wait_for_database(self, pause_s: float) -> None:
        """Wait in short naps, so that a stop is heard and the broker's pings are answered."""
        while pause_s > 0:
            if self._is_stopping():
                raise Stopping
            self._broker.tend()
            nap_s = min(pause_s, 1.0)
            self._pause(nap_s)
            pause_s -= nap_s

    def _record(self, batch: Sequence[Said], is_suspected: bool = False) -> list[Outcome]:
        """Record a batch in one transaction; what is wrong with its content costs it alone."""
        if not batch:
            return []
        try:
            with self._database.begin() as session:
                settled = record_batch(session, (), batch, self._clock(), self._memory)
        except LeaseLost:  # Nobody's fault, and nothing of ours may be written any more.
            raise
        except Exception as error:
            self._memory.clear()
            if not self._is_to_blame(error, is_suspected):
                raise
            return self._record_by_halves(batch, error, is_suspected)
        self._note_commit()
        return settled.outcomes

    def _note_commit(self) -> None:
        self._broken_by.clear()
        self.last_commit_at = self._clock()

    def _is_to_blame(self, error: Exception, is_suspected: bool) -> bool:
        """Whether it is the batch that cannot be stored, and not the database that cannot store."""
        if isinstance(error, OperationalError | InterfaceError):
            # A full database may have room for a sign of life and none for readings.
            is_worlds = trouble_of(error) in ("full", "read-only", "locked")
            return is_suspected and not is_worlds and self._database_writes()
        if isinstance(error, DataError | IntegrityError):
            return True
        return not isinstance(error, DBAPIError | OSError | MemoryError)

    def _record_by_halves(
        self, batch: Sequence[Said], error: Exception, is_suspected: bool
    ) -> list[Outcome]:
        """Find the one message, or the one item of it, that cannot be stored."""
        metrics.HALVED.inc()
        if len(batch) > 1:
            middle = len(batch) // 2
            halves = batch[:middle], batch[middle:]
            return [outcome for half in halves for outcome in self._record(half, is_suspected)]
        [said] = batch
        if isinstance(error, IntegrityError) and (outcomes := self._record_again(said)):
            return outcomes
        parts = apart(said)
        if len(parts) > 1:
            return [_together(said, self._record(parts, is_suspected))]
        return [self._refuse(said, error)]

    def _record_again(self, said: Said) -> list[Outcome]:
        """Try once more: another writer may have got in between. Nothing when it was not that."""
        try:
            with self._database.begin() as session:
                return record(session, [said], self._clock())
        except IntegrityError:
            return []

    def _refuse(self, said: Said, error: Exception) -> Outcome:
        """Keep what failed alone, with the reason."""
        is_databases = isinstance(error, StatementError | OverflowError | ValueError)
        reason = "database_refused" if is_databases else "unforeseen"
        if reason == "unforeseen":
            self._doubt_ourselves(said, error)
        log.error(reason, topic=said.route.topic, error=type(error).__name__, where=where(error))
        with self._database.begin() as session:
            outcome = refuse(session, said, reason, type(error).__name__, self._clock())
        self.last_commit_at = self._clock()
        return outcome

    def _doubt_ourselves(self, said: Said, error: Exception) -> None:
        """Raise when several sensors in a row break the line: then it is the line that is broken.

        Going on would empty the broker's buffer into the rejections.
        """
        self._broken_by.add(said.route.topic)
        if len(self._broken_by) >= _TOPICS_UNTIL_DOUBT:
            raise error

    def _database_writes(self) -> bool:
        """Whether the database takes a transaction that has nothing of the batch in it."""
        try:
            with self._database.begin() as session:
                session.execute(text("UPDATE heartbeat SET at = at"))
        except (OperationalError, InterfaceError):
            return False
        return True

    def _count(self, batch: Batch, settled: Settled, told: int) -> None:
        deliveries = batch.deliveries
        kinds = Counter(said.route.kind for said in batch.said)
        kinds["readings"] += len(batch.known)
        metrics.BATCH_MESSAGES.observe(len(deliveries))
        metrics.UNTOLD_ACKNOWLEDGEMENTS.inc(sum(1 for d in deliveries if d.qos) - told)
        metrics.RETAINED.inc(sum(delivery.is_retained for delivery in deliveries))
        metrics.REDELIVERED.inc(sum(delivery.is_repeated for delivery in deliveries))
        for kind, number in kinds.items():
            metrics.MESSAGES.labels(kind).inc(number)
        refusals = [refusal for outcome in settled.outcomes for refusal in outcome.refusals]
        metrics.READINGS.labels("stored").inc(settled.stored)
        metrics.READINGS.labels("repeated").inc(sum(one.repeated for one in settled.outcomes))
        metrics.READINGS.labels("refused").inc(len(refusals))
        for refusal in refusals:
            metrics.REJECTIONS.labels(refusal.reason).inc()
        metrics.QUIET.inc(settled.quiet)
        metrics.REMEMBERED.set(len(self._memory))
        if self.last_commit_at:
            metrics.LAST_COMMIT.set(self.last_commit_at.timestamp())
        self.stored += settled.stored
        self.rejected += len(refusals)


def _together(said: Said, outcomes: Sequence[Outcome]) -> Outcome:
    """The outcomes of a message's items as the outcome of the message."""
    return Outcome(
        said,
        sum(outcome.stored for outcome in outcomes),
        sum(outcome.repeated for outcome in outcomes),
        [refusal for outcome in outcomes for refusal in outcome.refusals],
    )
