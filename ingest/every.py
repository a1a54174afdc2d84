"""What is to be done every so often, by a clock that may be set."""

from __future__ import annotations

from datetime import datetime, timedelta


class Every:
    """Says when it is time again. A clock that was set back does not make it wait for longer."""

    def __init__(self, interval: timedelta, last_at: datetime | None = None) -> None:
        self._interval = interval
        self._last_at = last_at

    def is_due(self, now: datetime) -> bool:
        """Whether the interval has passed since this was last answered with yes."""
        if self._last_at is not None and self._last_at <= now < self._last_at + self._interval:
            return False
        self._last_at = now
        return True
