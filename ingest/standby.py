"""Waiting for a partition that is free: at once at a start, later when its holder dies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from ingest.holder import has_ended, name_holder
from traceapp.capture.lease import LEASE, Lease, take
from traceapp.db import Database
from traceapp.log import one_line

_LOOK_EVERY_S = 1.0

log = structlog.get_logger("ingest.standby")


class Share(NamedTuple):
    """A partition as the settings have it: its name and its client id at the broker."""

    name: str
    client_id: str


class Standby:
    """A process that would take any of these partitions, the first ones first."""

    def __init__(
        self,
        database: Database,
        shares: Sequence[Share],
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        holder: str | None = None,
    ) -> None:
        self._database = database
        self._shares = shares
        self._clock = clock
        self._pause = pause
        self._holder = holder or name_holder()
        self._is_waiting = False
        self.is_stopping = False

    def stop(self) -> None:
        """Ask for an end."""
        self.is_stopping = True

    def wait(self) -> Lease | None:
        """The first lease that can be had, however long that takes; None when asked to stop.

        A database that is away at the start raises. One that goes away later was away for the
        holders too: they get the time of a lease to renew theirs.
        """
        while not self.is_stopping:
            pause_s = _LOOK_EVERY_S
            try:
                if lease := self.look():
                    return lease
            except (OperationalError, InterfaceError) as error:
                if not self._is_waiting:
                    raise
                log.error("database_unavailable", error=one_line(error), waiting=0)
                pause_s = LEASE.total_seconds()
            self._note_waiting()
            self._nap(pause_s)
        return None

    def look(self) -> Lease | None:
        """Take a partition that is free now, if there is one."""
        for share in self._shares:
            with self._database.begin() as session:
                lease = take(session, *share, self._holder, self._clock(), has_ended)
            if lease is not None:
                log.info("partition_taken", partition=lease.name, epoch=lease.epoch)
                return lease
        return None

    def _note_waiting(self) -> None:
        if not self._is_waiting:
            log.info("standing_by", partitions=[share.name for share in self._shares])
            self._is_waiting = True

    def _nap(self, seconds: float) -> None:
        while seconds > 0 and not self.is_stopping:
            self._pause(min(seconds, _LOOK_EVERY_S))
            seconds -= _LOOK_EVERY_S
