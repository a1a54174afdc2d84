"""A line of the input: which sensor it is of, what is sent of it, or why it cannot be sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from schemas.document import NotJson, load_json
from schemas.fields import CODE

MOST_BYTES = 16 * 1024
"""The longest line that may be a reading; a reading with every field has some 250 bytes."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """The bytes of a line without its end; `is_cut` where they are a part of an endless one."""

    content: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """What is kept of a line: a reading of a sensor, or with a `reason` what cannot be sent."""

    sensor: str
    content: bytes
    reason: str = ""


@dataclass(slots=True)
class Numbering:
    """Numbers the readings of each sensor from 1 on, so that the record sees what is missing."""

    boot: str
    last: dict[str, int] = field(default_factory=dict)

    def line_of(self, raw: RawLine) -> Line:
        """Return what to keep of a line; the rest of its judging is the record's business."""
        if raw.is_cut or len(raw.content) > MOST_BYTES:
            return Line("", raw.content, f"Expected a line of at most {MOST_BYTES} bytes")
        try:
            document = load_json(raw.content)
            if not isinstance(document, dict):
                return Line("", raw.content, "Expected a JSON object")
            sensor = document.pop("sensor", None)
            if not isinstance(sensor, str) or not CODE.fullmatch(sensor):
                return Line("", raw.content, "Expected `sensor`, a code of 1 to 64 characters")
            if "seq" not in document and "boot" not in document:
                document |= {"seq": self._next(sensor), "boot": self.boot}
            return Line(sensor, json.dumps(document, ensure_ascii=False).encode())
        except (NotJson, ValueError, RecursionError) as error:
            return Line("", raw.content, f"Expected JSON in UTF-8: {str(error)[:100]}")

    def _next(self, sensor: str) -> int:
        self.last[sensor] = self.last.get(sensor, 0) + 1
        return self.last[sensor]
