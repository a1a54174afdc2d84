"""Waiting for a partition that is free: at once at a start, later when its holder dies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from threading import Event

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from config import Partition
from ingest.every import Every
from ingest.health import BEAT_EVERY
from ingest.holder import has_ended
from ingest.partition import Tenure
from traceapp.capture.heartbeat import beat, end
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
        self._beating = Every(BEAT_EVERY)

    def wait(self) -> Tenure | None:
        """The first partition that can be had, however long that takes; None when asked to stop.

        A database that is away at the start raises. One that goes away later was away for the
        holders too: they get the time of a lease to renew theirs.
        """
        if tenure := self.look():
            return tenure
        log.info("standing_by", partitions=[one.name for one in self._partitions])
        pause_s = _LOOK_EVERY_S
        while tenure is None and not self._is_over.wait(pause_s):
            pause_s = _LOOK_EVERY_S
            try:
                tenure = self.look()
                self._beat(is_ending=tenure is not None)
            except (OperationalError, InterfaceError) as error:
                log.error("database_unavailable", error=one_line(error), waiting=0)
                pause_s = LEASE.total_seconds()
        if tenure is None:
            with suppress(OperationalError, InterfaceError):
                self._beat(is_ending=True)
        return tenure

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

    def _beat(self, *, is_ending: bool) -> None:
        """Show that somebody stands by on this machine, and no longer once that is over."""
        now = self._clock()
        process = f"standby@{self._holder.partition(':')[0]}"[:64]
        if is_ending or self._beating.is_due(now):
            with self._database.begin() as session:
                if is_ending:
                    end(session, process)
                else:
                    beat(session, process, now, {"kind": "standby"})
