"""A brute-force judge of the simulator's own: minute by minute, written apart from the product.

It reads `docs` of the rules as anybody else would: a temperature holds until the next reading; a
run starts at the first reading outside and ends at the next one inside; it triggers when it has
lasted its minutes and a reading has shown it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MINUTE = timedelta(minutes=1)

Point = tuple[datetime, float]


@dataclass(frozen=True)
class Rule:
    """When it is too warm or too cold, and for how many minutes."""

    code: str
    level: str
    minutes: int
    is_outside: Callable[[float], bool]


CN_FRIDGE = (
    Rule("warm", "notice", 0, lambda celsius: celsius > 8),
    Rule("hot", "alarm", 15, lambda celsius: celsius > 8),
    Rule("cool", "notice", 0, lambda celsius: celsius < 2),
    Rule("cold", "alarm", 15, lambda celsius: celsius < 2),
    Rule("freeze", "alarm", 0, lambda celsius: celsius <= -0.5),
)


@dataclass(frozen=True)
class Expected:
    """An episode that the record ought to show."""

    unit: str
    rule: str
    level: str
    started_at: datetime
    triggered_at: datetime
    ended_at: datetime | None
    peak_celsius: float


def judge(unit: str, points: Sequence[Point], rules: Sequence[Rule] = CN_FRIDGE) -> list[Expected]:
    """Every episode in the readings of one sensor, whose moments are whole minutes."""
    return [episode for rule in rules for episode in _walk(unit, dict(points), rule)]


def _walk(unit: str, shown: dict[datetime, float], rule: Rule) -> list[Expected]:
    """Walk from the first reading to the last, one minute at a time."""
    found: list[Expected] = []
    minute, last = min(shown), max(shown)
    started: datetime | None = None
    lasted, peak, has_lasted = 0, 0.0, False
    while minute <= last:
        if minute in shown:
            celsius = shown[minute]
            outside = rule.is_outside(celsius)
            if started is None and outside:
                started, lasted, peak, has_lasted = minute, 0, celsius, False
            if started is not None:
                has_lasted = has_lasted or lasted >= rule.minutes
                peak = _further(rule, peak, celsius) if outside else peak
                if not outside or minute == last:
                    ended = None if outside else minute
                    if has_lasted:
                        triggered = started + rule.minutes * MINUTE
                        found.append(
                            Expected(unit, rule.code, rule.level, started, triggered, ended, peak)
                        )
                    started = None
        lasted += 1
        minute += MINUTE
    return found


def _further(rule: Rule, one: float, other: float) -> float:
    return max(one, other) if rule.code in {"warm", "hot"} else min(one, other)


def minutes_above(points: Sequence[Point], since: datetime, until: datetime, limit: float) -> int:
    """How many minutes of [since, until) the last reading showed more than `limit` °C."""
    shown = dict(points)
    minute, celsius, counted = min(shown), None, 0
    while minute < until:
        celsius = shown.get(minute, celsius)
        if minute >= since and celsius is not None and celsius > limit:
            counted += 1
        minute += MINUTE
    return counted
