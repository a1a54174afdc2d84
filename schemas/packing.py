"""Packing and unpacking on the wire: what went into which case, or came out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

#: The steps that say what is in what; they move no doses.
PACKING_STEPS = ("packing", "unpacking")


@dataclass(frozen=True, slots=True)
class Packing:
    """Packs that went into a case at a unit, or came out; all of them where none is named."""

    id: str
    at: datetime
    step: str
    parent: str
    source: str
    packs: tuple[str, ...] = ()
    document: str | None = None
    operator: str | None = None

    @property
    def reporting_unit(self) -> tuple[str, str | None]:
        """The field and the code of the unit whose site reports it."""
        return "from", self.source
