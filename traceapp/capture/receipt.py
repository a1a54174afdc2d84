"""What a caller is told about the items of a message."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.document import Refusal


@dataclass(slots=True)
class Receipt:
    """How many items were stored, how many were known already, and why others were refused."""

    stored: int = 0
    repeated: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        return len(self.refusals)
