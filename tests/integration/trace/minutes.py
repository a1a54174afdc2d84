"""What a stretch in a unit did to a product, found by walking it minute by minute.

Written apart from the rules, on purpose: nothing here knows of segments, sums or rows.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from traceapp.rules.exposure import Limits


@dataclass
class Probe:
    """A sensor: where it stood from which minute on, what it said when, and its pace."""

    places: list[tuple[float, str]]
    interval: int = 10
    silence: int = 30
    said: dict[int, float] = field(default_factory=dict)
    heard: set[int] = field(default_factory=set)
    moments: list[int] = field(default_factory=list)

    def at(self, minute: int, unit: str, end: int) -> float | None:
        """The temperature of a unit in a minute, as known when the stretch ends."""
        for number, (begin, place) in enumerate(self.places):
            left = self.places[number + 1][0] if number + 1 < len(self.places) else math.inf
            if place == unit and begin <= minute < left:
                return self._known(minute, begin, left, end)
        return None

    def _known(self, minute: int, begin: float, left: float, end: int) -> float | None:
        moments = self.moments
        place = bisect_right(moments, minute)
        if place == 0 or moments[place - 1] < begin:
            return None
        last = moments[place - 1]
        following = moments[place] if place < len(moments) else math.inf
        following = min(following, left)
        if following == math.inf:
            following = max(end, last)
        is_silent = following - last > self.silence
        if is_silent and minute >= last + min(self.interval, self.silence):
            return None
        return self.said[last]


def walk(probes: list[Probe], unit: str, start: int, end: int, limits: Limits) -> dict[str, Any]:
    """The figures of [start, end), in minutes."""
    found: dict[str, Any] = dict.fromkeys(
        ("observed", "unknown", "above", "below", "degrees", "kinetic", "vvm"), 0.0
    )
    found |= {"low": None, "high": None, "spent": dict.fromkeys(limits.budget, 0.0)}
    for one in probes:
        one.moments = sorted(one.said)
    for minute in range(start, end):
        known = [celsius for one in probes if (celsius := one.at(minute, unit, end)) is not None]
        if not known:
            found["unknown"] += 1
            continue
        low, high = min(known), max(known)
        found["observed"] += 1
        found["below"] += low < limits.min_celsius
        found["above"] += high > limits.max_celsius
        found["degrees"] += max(high - limits.max_celsius, 0)
        found["kinetic"] += math.exp(-10_000 / (high + 273.15))
        energy = 105_900 if limits.vvm == "VVM2" else 119_200
        found["vvm"] += math.exp(-energy / 8.314462618 * (1 / (high + 273.15) - 1 / 310.15))
        found["low"] = low if found["low"] is None else min(found["low"], low)
        found["high"] = high if found["high"] is None else max(found["high"], high)
        for limit in limits.budget:
            found["spent"][limit] += high > limit
    return found
