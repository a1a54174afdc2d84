"""What a caller is told about the items of a message."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.document import Refusal
from schemas.fields import format_moment

#: What says that it happened further ahead than this comes from a wrong clock. A reading would
#: hide silence, a movement or a dose would stand above all that follow it.
_MOST_AHEAD = timedelta(hours=24)


@dataclass(slots=True)
class Receipt:
    """How many items were stored, how many were known already, and why others were refused."""

    stored: int = 0
    repeated: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return len(self.refusals)


def refuse_future(at: datetime, now: datetime) -> Refusal | None:
    """The refusal of what says that it happened too far ahead of its arrival."""
    if at <= now + _MOST_AHEAD:
        return None
    expected = "a moment at most 24 hours ahead of its arrival"
    return Refusal("future", "at", expected, format_moment(at))
