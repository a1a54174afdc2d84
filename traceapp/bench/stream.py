"""What a fleet says in a benchmark: calm readings, and what each case adds to them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

CASES = ("clean", "garbage", "late", "excursion")
EVERY = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
#: One message in so many is garbage, one in so many late; one sensor in so many is too warm.
_GARBAGE_EVERY, _LATE_EVERY, _WARM_EVERY = 10, 20, 100
_WARM_FROM_ROUND = 1


@dataclass(frozen=True, slots=True)
class Stream:
    """`messages` messages of `items` readings each, by `sensors` sensors in turn.

    The sensors speak once a minute, a round, each at a second of its own; `skipped` rounds were
    sent before. The series ends about now: `until` is when the last round of the whole run is.
    """

    messages: int
    sensors: int
    items: int = 1
    case: str = "clean"
    skipped: int = 0
    until: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def payloads(self) -> Iterator[tuple[int, bytes]]:
        """Sensor numbers and payloads, in the order in which they are published."""
        chance = random.Random(1 + self.skipped)  # noqa: S311 - temperatures are no secret
        usual = [4.0 + 2.0 * number / self.sensors for number in range(self.sensors)]
        rounds = self.skipped + -(-self.messages // self.sensors)
        start = self.until - rounds * self.items * EVERY
        for number in range(self.messages):
            turn, sensor = divmod(number, self.sensors)
            turn += self.skipped
            at = start + turn * self.items * EVERY + sensor % 60 * _SECOND
            if self.case == "garbage" and number % _GARBAGE_EVERY == 0:
                yield sensor, _garbage(number, at)
                continue
            if self.case == "late" and turn > 2 and (sensor + turn * 7) % _LATE_EVERY == 0:
                at -= 1.5 * EVERY
            is_warm = self.case == "excursion" and turn >= _WARM_FROM_ROUND
            warmth = 5.0 if is_warm and sensor % _WARM_EVERY == 0 else 0.0
            readings = [
                _reading(at + step * EVERY, usual[sensor] + warmth + chance.uniform(-0.5, 0.5))
                for step in range(self.items)
            ]
            yield sensor, json.dumps(readings if self.items > 1 else readings[0]).encode()


def _reading(at: datetime, celsius: float) -> dict[str, Any]:
    return {"at": at.isoformat().replace("+00:00", "Z"), "celsius": round(celsius, 1)}


def _garbage(number: int, at: datetime) -> bytes:
    """Something that cannot be taken, each time something else: as broken devices send it."""
    reading: dict[str, Any] = _reading(at, 5.0)
    broken: list[dict[str, Any]] = [
        reading | {"celsius": f"{number}"},
        {"celsius": number},
        reading | {f"field_{number}": 1},
        reading | {"at": f"2026-01-01T00:00:{number % 60:02}", "battery": number},
    ]
    kind = number // _GARBAGE_EVERY % (len(broken) + 1)
    if kind == len(broken):
        return f"ERR{number} sensor not ready".encode()
    return json.dumps(broken[kind]).encode()
