"""What the sensors of a run measure: quiet days, planted excursions, gaps and broken probes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from tests.chaos.plan import SENSORS, STEP, Kind, Plan, sensor_code

_CHINA = timezone(timedelta(hours=8))
#: What a stretch outside is like: from, to (°C); how many readings it has at least and at most.
_STRETCHES = (
    (8.01, 13.0, 16, 50),  # warm and hot
    (8.01, 12.0, 1, 12),  # warm
    (0.0, 1.99, 17, 40),  # cool and cold
    (-4.0, -0.5, 1, 25),  # frost, the limit included
)
_LIMITS = (8.0, 2.0, 7.99, 2.01)
_GAP = (16, 70)
_BROKEN = (-127.0, 85.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """One temperature of one sensor, as its publisher says it."""

    sensor: str
    at: datetime
    celsius: float
    seq: int | None = None

    def document(self, is_chinese: bool) -> dict[str, object]:
        """The reading as it stands in a message, its moment in one of two spellings."""
        zone = _CHINA if is_chinese else UTC
        said: dict[str, object] = {
            "at": self.at.astimezone(zone).isoformat(),
            "celsius": self.celsius,
        }
        return said if self.seq is None else said | {"seq": self.seq, "boot": "b1"}


def measure(plan: Plan, source: str, wave: int) -> dict[str, list[Reading]]:
    """Return what each sensor of a wave measures, in the order of its own time."""
    return {sensor_code(source, wave, kind): _series(plan, source, wave, kind) for kind in SENSORS}


def _series(plan: Plan, source: str, wave: int, kind: Kind) -> list[Reading]:
    dice = random.Random(f"{plan.seed}/{source}/{wave}/{kind.name}")
    # Two probes of one unit are warm and cold at about the same time.
    weather = random.Random(f"{plan.seed}/{source}/{wave}/{kind.unit}")
    celsius = _temperatures(weather, dice, plan.readings)
    at = plan.last_at - STEP * plan.readings
    if kind.has_gaps:
        at -= STEP * (_GAP[1] * (plan.readings // 60 + 1))
    readings: list[Reading] = []
    is_numbered = source.startswith("P")
    skipped = plan.readings // 2 if kind.skips_a_number else plan.readings
    for number, value in enumerate(celsius):
        at += STEP
        if kind.has_gaps and number % 60 == 30:
            at += STEP * dice.randint(*_GAP)
        moment = at + timedelta(milliseconds=dice.randrange(-20_000, 20_000))
        seq = number + 1 + (number >= skipped) if is_numbered else None
        # A broken probe is not judged, which would leave a hole in the numbers.
        is_broken = not is_numbered and dice.random() < 0.01
        said = dice.choice(_BROKEN) if is_broken else value
        readings.append(Reading(sensor_code(source, wave, kind), moment, said, seq))
    return readings


def _temperatures(weather: random.Random, dice: random.Random, count: int) -> list[float]:
    """Inside the limits but for a stretch outside now and then."""
    values = [round(dice.uniform(2.5, 7.5), 2) for _ in range(count)]
    for place in range(0, count, 97):
        values[place] = dice.choice(_LIMITS)
    start = weather.randrange(5, 30)
    while start < count:
        low, high, least, most = weather.choice(_STRETCHES)
        length = weather.randint(least, most)
        first = max(0, start + dice.randint(-4, 4))
        for place in range(first, min(count, first + length + dice.randint(-3, 3))):
            values[place] = round(dice.uniform(low, high), 2)
        start += length + weather.randrange(20, 60)
    return values
