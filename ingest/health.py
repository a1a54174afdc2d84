"""How the ingester shows that it lives: a heartbeat in the database, and a watchdog inside."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ingest.every import Every
from schemas.fields import format_moment
from traceapp.capture.heartbeat import beat
from traceapp.db import Database

#: Whoever watches the table may doubt an ingester after three missed beats (docs/operations.md).
BEAT_EVERY = timedelta(seconds=5)
#: A step that lasts longer hangs. A database that is away is waited for in many short waits, and
#: a locked SQLite file for half a minute, so nothing honest takes this long.
HANGS_AFTER_S = 300


class Heartbeat:
    """Tells the database every few seconds that we live, and what we know of ourselves."""

    def __init__(
        self, database: Database, process: str, about: Mapping[str, Any] | None = None
    ) -> None:
        self._database = database
        self._process = process
        self._about = dict(about or {})
        self._beating = Every(BEAT_EVERY)

    def beat(
        self,
        now: datetime,
        *,
        is_connected: bool,
        last_commit_at: datetime | None,
        stored: int,
        rejected: int,
        trouble: str | None = None,
        clock_offset_s: float = 0.0,
        is_urgent: bool = False,
    ) -> None:
        """Write the heartbeat when it is time, or now when it is urgent."""
        if not self._beating.is_due(now) and not is_urgent:
            return
        detail: dict[str, Any] = {
            "kind": "ingest",
            "is_connected": is_connected,
            "last_commit_at": last_commit_at and format_moment(last_commit_at),
            "stored": stored,
            "rejected": rejected,
            "trouble": trouble,
            "clock_offset_s": round(clock_offset_s, 1),
            **self._about,
        }
        with self._database.begin() as session:
            beat(session, self._process, now, detail)


class Watchdog:
    """Ends the process, with every thread's stack on stderr, when nobody feeds it any more.

    It is a timer of the interpreter's own in C: it bites even when Python itself is stuck.
    """

    def __init__(self, hangs_after_s: float = HANGS_AFTER_S) -> None:
        self._hangs_after_s = hangs_after_s

    def feed(self) -> None:
        """Start the time anew."""
        faulthandler.dump_traceback_later(self._hangs_after_s, exit=True, file=sys.stderr)

    def stop(self) -> None:
        """Let the process end as slowly as it likes."""
        faulthandler.cancel_dump_traceback_later()
