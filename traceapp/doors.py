"""What every route needs at hand: the settings, the database and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import current_app

from config import Settings
from traceapp.db import Database


def utc_now() -> datetime:
    """The moment by this machine's clock, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Doors:
    """The parts that an application was made of; `mailbox` is the demo's folder of e-mails."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime] = utc_now
    mailbox: Path | None = None


def doors() -> Doors:
    """Return the parts of the application that answers this request."""
    parts: Doors = current_app.extensions["traceapp"]
    return parts
