"""A reading as the rules see it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Sample(NamedTuple):
    """What a sensor measured at a moment (UTC), and when that arrived; None where not said."""

    at: datetime
    celsius: float
    power: bool | None = None
    door_open: bool | None = None
    is_implausible: bool = False
    battery: float | None = None
    seq: int | None = None
    boot: str | None = None
    received_at: datetime | None = None
