"""Our hold on one partition: checked first in every writing transaction, renewed by the clock."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from ingest.every import Every
from traceapp.capture.lease import RENEW_EVERY, Lease, hold, release, renew
from traceapp.db import Database
from traceapp.log import one_line

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

    def __init__(self, database: Database, lease: Lease, clock: Callable[[], datetime]) -> None:
        self.lease = lease
        self.database = HeldDatabase(database, lease)
        self._plain = database
        self._clock = clock
        self._renewal = Every(RENEW_EVERY, clock())

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

    def end(self) -> None:
        """Let go, so that another process need not wait; a database that is away is let be."""
        try:
            with self._plain.begin() as session:
                release(session, self.lease)
        except (OperationalError, InterfaceError) as error:
            log.warning("lease_not_released", partition=self.lease.name, error=one_line(error))
