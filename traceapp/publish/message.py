"""A message on its way: readings of one sensor, known by its `ref` until it is acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from traceapp.publish.buffer import Kept

MOST_BYTES = 200_000
"""A message may hold 256 KiB; we stay well below."""


def _not_sent() -> bool:
    return True


class Message:
    """What is sent and, until its acknowledgement, sent again."""

    __slots__ = ("due_at", "is_taken", "kept", "payload", "ref", "sha256", "times_sent")

    def __init__(self, ref: str, kept: list[Kept]) -> None:
        """`kept` are readings of one sensor."""
        self.ref, self.kept = ref, kept
        readings = b", ".join(one.reading for one in kept)
        self.payload = b'{"ref": "%s", "readings": [%s]}' % (ref.encode(), readings)
        self.sha256 = hashlib.sha256(self.payload).hexdigest()
        self.times_sent = 0
        self.due_at = 0.0
        self.is_taken: Callable[[], bool] = _not_sent

    @property
    def sensor(self) -> str:
        return self.kept[0].sensor


def group(kept: Sequence[Kept], most: int) -> list[list[Kept]]:
    """Parts of one sensor each that fit one message, in the order of their first readings."""
    parts: list[list[Kept]] = []
    open_parts: dict[str, tuple[list[Kept], int]] = {}
    for one in kept:
        part, size = open_parts.get(one.sensor, ([], MOST_BYTES))
        size += len(one.reading) + 2
        if size > MOST_BYTES or len(part) == most:
            part, size = [], len(one.reading) + 2
            parts.append(part)
        part.append(one)
        open_parts[one.sensor] = (part, size)
    return parts
