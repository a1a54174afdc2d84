"""What every route needs at hand: the settings, the database, the vault and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from flask import current_app

from config import Settings
from traceapp.db import Database
from traceapp.vault import Vault, open_vault


def utc_now() -> datetime:
    """The moment by this machine's clock, aware and in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Doors:
    """The parts that an application was made of."""

    settings: Settings
    database: Database
    clock: Callable[[], datetime] = utc_now

    @cached_property
    def vault(self) -> Vault:
        """What seals and finds recipients; made when somebody first needs it."""
        return open_vault(self.settings)

    @property
    def mailbox(self) -> Path | None:
        """The demo's folder of e-mails."""
        return Path(self.settings.mailbox) if self.settings.mailbox else None


def doors() -> Doors:
    """Return the parts of the application that answers this request."""
    parts: Doors = current_app.extensions["traceapp"]
    return parts
