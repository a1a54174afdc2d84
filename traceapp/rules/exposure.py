"""What a stretch in a unit did to a product: sums over time that can be added up.

Sources: USP <1079.2> (mean kinetic temperature, activation energy over gas constant 10,000 K)
and the WHO table of vaccine vial monitors (VVM life; Ea and life at 37 °C per type).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from traceapp.rules.judging import Pace
from traceapp.rules.sample import Sample

FREEZING_CELSIUS = -0.5
_KELVIN = 273.15
_NO_TIME, _MINUTE = timedelta(), timedelta(minutes=1)
_ACTIVATION_KELVIN = 10_000.0
_GAS_CONSTANT = 8.314462618
#: VVM type → life at 37 °C in days, activation energy in J/mol (derived from WHO's table).
_VVM = {
    "VVM2": (2.0, 105_900.0),
    "VVM7": (7.0, 119_200.0),
    "VVM14": (14.0, 119_200.0),
    "VVM30": (30.0, 119_200.0),
}


class Segment(NamedTuple):
    """A stretch [start, end) in which a unit was between `low` and `high` °C, or unknown."""

    start: datetime
    end: datetime
    low: float | None
    high: float | None


class Heard(NamedTuple):
    """The readings of one sensor that bear on a stretch, ascending, and its pace.

    `until_at` is when it left the unit: from then on it says nothing of it.
    """

    pace: Pace
    samples: Sequence[Sample]
    until_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a product can bear (°C); `budget` maps a limit to its minutes above, over a life."""

    min_celsius: float = 2.0
    max_celsius: float = 8.0
    is_freeze_sensitive: bool = True
    vvm: str | None = None
    budget: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exposure:
    """Sums over a stretch of a product's life; two exposures add up to that of both."""

    observed_minutes: float = 0.0
    unknown_minutes: float = 0.0
    minutes_above: float = 0.0
    minutes_below: float = 0.0
    degree_minutes_above: float = 0.0
    min_celsius: float | None = None
    max_celsius: float | None = None
    kinetic_sum: float = 0.0
    vvm_life_used: float | None = None
    is_frozen: bool = False
    budget_minutes: tuple[tuple[float, float], ...] = ()

    def __add__(self, other: Exposure) -> Exposure:
        spent = dict(self.budget_minutes)
        for limit, minutes in other.budget_minutes:
            spent[limit] = spent.get(limit, 0.0) + minutes
        return Exposure(
            self.observed_minutes + other.observed_minutes,
            self.unknown_minutes + other.unknown_minutes,
            self.minutes_above + other.minutes_above,
            self.minutes_below + other.minutes_below,
            self.degree_minutes_above + other.degree_minutes_above,
            _either(min, self.min_celsius, other.min_celsius),
            _either(max, self.max_celsius, other.max_celsius),
            self.kinetic_sum + other.kinetic_sum,
            _either(lambda one, two: one + two, self.vvm_life_used, other.vvm_life_used),
            self.is_frozen or other.is_frozen,
            tuple(sorted(spent.items())),
        )

    def at_worst(self, other: Exposure) -> Exposure:
        """Each figure the worse of two exposures of which either may have been."""
        spent = dict(self.budget_minutes)
        for limit, minutes in other.budget_minutes:
            spent[limit] = max(spent.get(limit, 0.0), minutes)
        return Exposure(
            max(self.observed_minutes, other.observed_minutes),
            max(self.unknown_minutes, other.unknown_minutes),
            max(self.minutes_above, other.minutes_above),
            max(self.minutes_below, other.minutes_below),
            max(self.degree_minutes_above, other.degree_minutes_above),
            _either(min, self.min_celsius, other.min_celsius),
            _either(max, self.max_celsius, other.max_celsius),
            max(self.kinetic_sum, other.kinetic_sum),
            _either(max, self.vvm_life_used, other.vvm_life_used),
            self.is_frozen or other.is_frozen,
            tuple(sorted(spent.items())),
        )

    @property
    def mean_kinetic_celsius(self) -> float | None:
        """Mean kinetic temperature over the observed time; None where nothing was observed."""
        if not self.observed_minutes:
            return None
        mean = self.kinetic_sum / self.observed_minutes
        return _ACTIVATION_KELVIN / -math.log(mean) - _KELVIN

    @property
    def vvm_used(self) -> float | None:
        """The used fraction of the monitor's life; None where nothing was observed."""
        return self.vvm_life_used if self.observed_minutes else None

    def budget_used(self, limits: Limits) -> float | None:
        """The largest used fraction of the product's budgets; 1 is all of it.

        None of a product without any, and where nothing was observed.
        """
        if not self.observed_minutes:
            return None
        spent = dict(self.budget_minutes)
        used = [
            spent.get(limit, 0.0) / minutes for limit, minutes in limits.budget.items() if minutes
        ]
        return max(used, default=None)


def _either(
    choose: Callable[[float, float], float], one: float | None, two: float | None
) -> float | None:
    if one is None or two is None:
        return two if one is None else one
    return choose(one, two)


def timeline(
    heard: Iterable[Heard], start: datetime, end: datetime, as_of: datetime | None = None
) -> list[Segment]:
    """A unit's temperature over [start, end) from all its sensors, gapless.

    Where several sensors know, the coldest and the warmest count; where none does, it is
    unknown. A sensor that was not heard again counts as silent once it is so at `as_of`, the
    end unless told.
    """
    moment = end if as_of is None else as_of
    held = [stretches for sensor in heard if (stretches := _held(sensor, start, end, moment))]
    if len(held) == 1:
        return _of_one(held[0], start, end)
    stretches = [stretch for each in held for stretch in each]
    edges = sorted({start, end, *(s for s, _, _ in stretches), *(e for _, e, _ in stretches)})
    stretches.sort(key=lambda stretch: stretch[0])
    segments: list[Segment] = []
    active: list[tuple[datetime, datetime, float]] = []
    position = 0
    for left, right in pairwise(edges):
        while position < len(stretches) and stretches[position][0] <= left:
            active.append(stretches[position])
            position += 1
        active = [stretch for stretch in active if stretch[1] > left]
        known = [celsius for _, _, celsius in active]
        segments.append(Segment(left, right, min(known, default=None), max(known, default=None)))
    return segments


def _of_one(
    stretches: Sequence[tuple[datetime, datetime, float]], start: datetime, end: datetime
) -> list[Segment]:
    """The same of one sensor, whose stretches follow one another: most units have one."""
    segments: list[Segment] = []
    since = start
    for left, right, celsius in stretches:
        if since < left:
            segments.append(Segment(since, left, None, None))
        segments.append(Segment(left, right, celsius, celsius))
        since = right
    if since < end:
        segments.append(Segment(since, end, None, None))
    return segments


def _held(
    sensor: Heard, start: datetime, end: datetime, as_of: datetime
) -> list[tuple[datetime, datetime, float]]:
    samples = [sample for sample in sensor.samples if not sample.is_implausible]
    held: list[tuple[datetime, datetime, float]] = []
    for index, sample in enumerate(samples):
        if index + 1 < len(samples):
            until = samples[index + 1].at
        else:
            until = sensor.until_at or max(as_of, sample.at)
        if sensor.until_at is not None:
            until = min(until, sensor.until_at)
        unknown = sensor.pace.unknown(sample.at, until)
        left, right = max(sample.at, start), min(unknown[0] if unknown else until, end)
        if left < right:
            held.append((left, right, sample.celsius))
    return held


def expose(segments: Iterable[Segment], limits: Limits) -> Exposure:
    """The exposure of a product to a timeline."""
    observed = unknown = above = below = degree_minutes = kinetic = worn = 0.0
    lows: list[float] = []
    highs: list[float] = []
    spent = dict.fromkeys(sorted(limits.budget), 0.0)
    lasted: dict[tuple[float | None, float | None], timedelta] = {}
    for start, end, low, high in segments:
        lasted[low, high] = lasted.get((low, high), _NO_TIME) + (end - start)
    for (low, high), time in lasted.items():
        minutes = time / _MINUTE
        if low is None or high is None:
            unknown += minutes
            continue
        observed += minutes
        lows.append(low)
        highs.append(high)
        if high > limits.max_celsius:
            above += minutes
            degree_minutes += (high - limits.max_celsius) * minutes
        if low < limits.min_celsius:
            below += minutes
        kinetic += minutes * kinetic_rate(high)
        if limits.vvm is not None:
            worn += minutes / vvm_life_minutes(limits.vvm, high)
        for limit in spent:
            spent[limit] += minutes if high > limit else 0.0
    lowest = min(lows, default=None)
    return Exposure(
        observed_minutes=observed,
        unknown_minutes=unknown,
        minutes_above=above,
        minutes_below=below,
        degree_minutes_above=degree_minutes,
        min_celsius=lowest,
        max_celsius=max(highs, default=None),
        kinetic_sum=kinetic,
        vvm_life_used=None if limits.vvm is None else worn,
        is_frozen=limits.is_freeze_sensitive and lowest is not None and lowest <= FREEZING_CELSIUS,
        budget_minutes=tuple(spent.items()),
    )


@lru_cache(maxsize=4_096)
def kinetic_rate(celsius: float) -> float:
    """What a minute at a temperature adds to the sum of the mean kinetic temperature."""
    return math.exp(-_ACTIVATION_KELVIN / (celsius + _KELVIN))


@lru_cache(maxsize=4_096)
def vvm_rate(vvm: str, celsius: float) -> float:
    """How many times as fast as at 37 °C a monitor of that type wears out."""
    activation = _VVM[vvm][1]
    return math.exp(-activation / _GAS_CONSTANT * (1 / (celsius + _KELVIN) - 1 / 310.15))


def vvm_days_at_37(vvm: str) -> float:
    """How long a monitor of that type lasts at 37 °C."""
    return _VVM[vvm][0]


def vvm_life_minutes(vvm: str, celsius: float) -> float:
    """How long a monitor of that type lasts at a constant temperature, in minutes."""
    return vvm_days_at_37(vvm) * 1_440 / vvm_rate(vvm, celsius)
