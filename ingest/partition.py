"""Our hold on one partition: checked first in every writing transaction, renewed by the clock."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from config import Partition
from ingest import metrics
from ingest.delivery import Broker
from ingest.every import Every
from traceapp.capture.lease import RENEW_EVERY, Lease, hold, release, renew
from traceapp.capture.subscription import drop_unwanted, note_subscribed
from traceapp.db import Database
from traceapp.log import one_line
from traceapp.models.partition import Partition as PartitionRow
from traceapp.trace.partition import heard_elsewhere, uncovered_sites

_LOOK_AROUND_EVERY = timedelta(minutes=1)

log = structlog.get_logger("ingest.partition")


class HeldDatabase(Database):
    """A database that takes our writes only while the partition is ours.

    A process that was paused while another one took over cannot write what it still had in hand:
    `begin` raises LeaseLost.
    """

    def __init__(self, database: Database, lease: Lease) -> None:
        super().__init__(database.engine)
        self._lease = lease

    @contextmanager
    def begin(self) -> Generator[Session, None, None]:
        """A writing transaction that nobody can take the partition over in."""
        with super().begin() as session:
            hold(session, self._lease)
            yield session


class Tenure:
    """The time in which a partition is ours, from its lease until it is released or lost."""

    def __init__(
        self,
        database: Database,
        lease: Lease,
        partition: Partition,
        clock: Callable[[], datetime],
    ) -> None:
        self.lease = lease
        self.about: dict[str, Any] = {"partition": lease.name, "epoch": lease.epoch}
        self.database = HeldDatabase(database, lease)
        metrics.PARTITION_EPOCH.labels(lease.name).set(lease.epoch)
        self._plain = database
        self._wanted = list(partition.filters)
        self._clock = clock
        self._renewal = Every(RENEW_EVERY, clock())
        self._looking = Every(_LOOK_AROUND_EVERY)
        self._is_noted = False
        self._uncovered = 0
        with database.read() as session:
            row = session.get_one(PartitionRow, lease.partition_id)
            self.about["holder"] = (row.holder or "").partition(" ")[0]
            kept = [filter_ for filter_ in row.subscribed if filter_ not in self._wanted]
            self.filters = [*self._wanted, *kept]
            self.dropped = [filter_ for filter_ in row.dropped if filter_ not in self.filters]

    def renew(self) -> None:
        """Renew the lease when it is time; raise LeaseLost. A database that is away keeps us."""
        now = self._clock()
        if not self._renewal.is_due(now):
            return
        try:
            with self._plain.begin() as session:
                renew(session, self.lease, now)
        except (OperationalError, InterfaceError) as error:
            log.warning("lease_not_renewed", partition=self.lease.name, error=one_line(error))

    def look_around(self, broker: Broker, now: datetime) -> None:
        """See to it that every site is heard by us or by another, and that we say who is not."""
        if not broker.is_connected:
            return
        if not self._is_noted:
            with self.database.begin() as session:
                note_subscribed(session, self.lease.partition_id, self.filters)
            self._is_noted = True
        if self._looking.is_due(now):
            self._let_go(broker, now)
            self._report_uncovered()

    def end(self) -> None:
        """Let go, so that another process need not wait; a database that is away is let be."""
        try:
            with self._plain.begin() as session:
                release(session, self.lease, self._clock())
        except (OperationalError, InterfaceError) as error:
            log.warning("lease_not_released", partition=self.lease.name, error=one_line(error))

    def heard_elsewhere(self) -> Callable[[str], bool] | None:
        """Whether others hear the readings of a site, and not we; None where we hear everybody."""
        with self.database.read() as session:
            return heard_elsewhere(session, self.lease.partition_id)

    def _let_go(self, broker: Broker, now: datetime) -> None:
        """Unsubscribe what the settings do not give us any more, once others hear it."""
        if set(self.filters) == set(self._wanted):
            return
        with self.database.begin() as session:
            dropped = drop_unwanted(session, self.lease.partition_id, self._wanted, now)
        self.filters = [filter_ for filter_ in self.filters if filter_ not in dropped]
        if dropped:
            broker.unsubscribe(dropped)
            log.info("unsubscribed", filters=dropped[:10], number=len(dropped))
        if kept := [filter_ for filter_ in self.filters if filter_ not in self._wanted]:
            log.warning("subscription_kept", filters=kept[:10], number=len(kept))

    def _report_uncovered(self) -> None:
        with self.database.read() as session:
            codes = uncovered_sites(session)
        metrics.UNCOVERED_SITES.set(len(codes))
        if len(codes) != self._uncovered:
            log.error("sites_not_heard", sites=codes[:10], number=len(codes))
        self._uncovered = len(codes)
