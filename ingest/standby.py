"""Waiting for a partition that is free: at once at a start, later when its holder dies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Event

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from config import Partition
from ingest.holder import has_ended
from ingest.partition import Tenure
from traceapp.capture.lease import LEASE, take
from traceapp.db import Database
from traceapp.log import one_line

_LOOK_EVERY_S = 1.0

log = structlog.get_logger("ingest.standby")


class Standby:
    """A process that would take any of these partitions, the first ones first."""

    def __init__(
        self,
        database: Database,
        partitions: Sequence[Partition],
        clock: Callable[[], datetime],
        is_over: Event,
        holder: str,
    ) -> None:
        self._database = database
        self._partitions = partitions
        self._clock = clock
        self._is_over = is_over
        self._holder = holder
        self._is_waiting = False

    def wait(self) -> Tenure | None:
        """The first partition that can be had, however long that takes; None when asked to stop.

        A database that is away at the start raises. One that goes away later was away for the
        holders too: they get the time of a lease to renew theirs.
        """
        while not self._is_over.is_set():
            pause_s = _LOOK_EVERY_S
            try:
                if tenure := self.look():
                    return tenure
            except (OperationalError, InterfaceError) as error:
                if not self._is_waiting:
                    raise
                log.error("database_unavailable", error=one_line(error), waiting=0)
                pause_s = LEASE.total_seconds()
            self._note_waiting()
            self._is_over.wait(pause_s)
        return None

    def look(self) -> Tenure | None:
        """Take a partition that is free now, if there is one."""
        for partition in self._partitions:
            name, client_id = partition.name, partition.client_id
            with self._database.begin() as session:
                lease = take(session, name, client_id, self._holder, self._clock(), has_ended)
            if lease is not None:
                log.info("partition_taken", partition=name, epoch=lease.epoch)
                return Tenure(self._database, lease, partition, self._clock)
        return None

    def _note_waiting(self) -> None:
        if not self._is_waiting:
            log.info("standing_by", partitions=[one.name for one in self._partitions])
            self._is_waiting = True
