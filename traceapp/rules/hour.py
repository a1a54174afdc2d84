"""Sums over the hours of a unit that hold for every product, whatever it can bear.

An hour in which the unit stayed on one side of a product's limits needs its sums only. One that
crossed a limit keeps its single temperatures as well, its `parts`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from traceapp.rules.exposure import (
    FREEZING_CELSIUS,
    Exposure,
    Limits,
    Segment,
    kinetic_rate,
    vvm_days_at_37,
    vvm_rate,
)

HOUR = timedelta(hours=1)
HOUR_US = 3_600_000_000
_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000
_HOUR = struct.Struct("<q6d")
_COUNT = struct.Struct("<BH")
_PART = struct.Struct("<ddq")


def midnight(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


class Part(NamedTuple):
    """How long, in microseconds, a unit was between two temperatures."""

    low: float
    high: float
    lasted_us: int


class Sums(NamedTuple):
    """A stretch of a unit: how long it is, how much of it was measured, and how that was.

    `degree_minutes` are those above 0 °C of the warmest sensor; `vvm2_minutes` and `vvm_minutes`
    are as long as it would take at 37 °C to wear out a monitor as much.
    """

    span_us: int = HOUR_US
    observed_us: int = 0
    min_celsius: float | None = None
    max_celsius: float | None = None
    degree_minutes: float = 0.0
    kinetic_sum: float = 0.0
    vvm2_minutes: float = 0.0
    vvm_minutes: float = 0.0
    parts: tuple[Part, ...] = ()


def sum_parts(parts: Sequence[Part], span_us: int = HOUR_US, limits: Iterable[float] = ()) -> Sums:
    """The sums of a stretch from its temperatures; they are kept where they cross a limit."""
    if not parts:
        return Sums(span_us)
    low, high = min(one.low for one in parts), max(one.high for one in parts)
    is_crossing = low < high and any(low <= limit <= high for limit in limits)
    degree = kinetic = vvm2 = vvm = 0.0
    for part in parts:
        minutes = part.lasted_us / _MINUTE_US
        kinetic_, vvm2_, vvm_ = _rates(part.high)
        degree += minutes * part.high
        kinetic += minutes * kinetic_
        vvm2 += minutes * vvm2_
        vvm += minutes * vvm_
    observed_us = sum(one.lasted_us for one in parts)
    kept = tuple(parts) if is_crossing else ()
    return Sums(span_us, observed_us, low, high, degree, kinetic, vvm2, vvm, kept)


@lru_cache(maxsize=4_096)
def _rates(celsius: float) -> tuple[float, float, float]:
    return kinetic_rate(celsius), vvm_rate("VVM2", celsius), vvm_rate("VVM7", celsius)


def sum_hours(
    segments: Iterable[Segment], start: datetime, count: int, limits: Iterable[float] = ()
) -> list[Sums]:
    """The sums of so many hours from `start`, which a timeline covers; `limits` of products."""
    hours: list[dict[tuple[float, float], int]] = [{} for _ in range(count)]
    for segment in segments:
        if segment.low is None or segment.high is None:
            continue
        since = (segment.start - start) // _MICROSECOND
        until = (segment.end - start) // _MICROSECOND
        while since < until:
            number = since // HOUR_US
            edge = min(until, (number + 1) * HOUR_US)
            parts, key = hours[number], (segment.low, segment.high)
            parts[key] = parts.get(key, 0) + edge - since
            since = edge
    known = tuple(limits)
    return [
        sum_parts([Part(low, high, us) for (low, high), us in parts.items()], HOUR_US, known)
        for parts in hours
    ]


def total(stretches: Sequence[Sums]) -> Sums:
    """The sums of several stretches together, without their temperatures."""
    measured = [one for one in stretches if one.observed_us]
    return Sums(
        sum(one.span_us for one in stretches),
        sum(one.observed_us for one in measured),
        min((one.min_celsius for one in measured if one.min_celsius is not None), default=None),
        max((one.max_celsius for one in measured if one.max_celsius is not None), default=None),
        math.fsum(one.degree_minutes for one in measured),
        math.fsum(one.kinetic_sum for one in measured),
        math.fsum(one.vvm2_minutes for one in measured),
        math.fsum(one.vvm_minutes for one in measured),
    )


def share(sums: Sums, span_us: int) -> Sums:
    """As much of the sums as a part of their stretch has, the extremes as they are."""
    part = span_us / sums.span_us
    return Sums(
        span_us,
        round(sums.observed_us * part),
        sums.min_celsius,
        sums.max_celsius,
        sums.degree_minutes * part,
        sums.kinetic_sum * part,
        sums.vvm2_minutes * part,
        sums.vvm_minutes * part,
        tuple(one._replace(lasted_us=round(one.lasted_us * part)) for one in sums.parts),
    )


class Told:
    """Sums of stretches, put together to what they did to a product.

    Those that the product could bear, most of all, are added up before they are told.
    """

    def __init__(self, limits: Limits, sums: Iterable[Sums] = ()) -> None:
        self._limits, self._known = limits, sorted(limits_within(limits))
        self._low, self._high = limits.min_celsius, min((limits.max_celsius, *limits.budget))
        self._within: list[Sums] = []
        self._beyond: list[Sums] = []
        for one in sums:
            self.add(one)

    def add(self, sums: Sums) -> None:
        """Put a stretch to the others."""
        (self._within if self._is_within(sums) else self._beyond).append(sums)

    def takes(self, sums: Sums) -> bool:
        """Put a stretch to the others where its sums tell; whether they do."""
        is_told = self.tells(sums)
        if is_told:
            self.add(sums)
        return is_told

    def tells(self, sums: Sums) -> bool:
        """Whether sums alone say what they did to the product, or their temperatures are kept."""
        low, high = sums.min_celsius, sums.max_celsius
        if self._is_within(sums) or low is None or high is None or low == high or sums.parts:
            return True
        return not any(low <= limit <= high for limit in self._known)

    def _is_within(self, sums: Sums) -> bool:
        low, high = sums.min_celsius, sums.max_celsius
        return low is None or high is None or (low >= self._low and high <= self._high)

    def exposure(self) -> Exposure:
        """What all of them did."""
        exposure = expose_to(total(self._within), self._limits)
        for one in self._beyond:
            exposure = exposure + expose_to(one, self._limits)
        return exposure


def limits_within(limits: Limits) -> set[float]:
    """The temperatures at which it begins to matter to a product."""
    return {limits.min_celsius, limits.max_celsius, *limits.budget}


def expose_to(sums: Sums, limits: Limits) -> Exposure:
    """What a stretch did to a product; where its sums do not tell, the worst is assumed."""
    spent = tuple((limit, _above(sums, limit)[0]) for limit in sorted(limits.budget))
    above, degree_minutes = _above(sums, limits.max_celsius)
    low = sums.min_celsius
    vvm: float | None = None
    if limits.vvm is not None:
        worn = sums.vvm2_minutes if limits.vvm == "VVM2" else sums.vvm_minutes
        vvm = worn / (vvm_days_at_37(limits.vvm) * 1_440)
    return Exposure(
        observed_minutes=sums.observed_us / _MINUTE_US,
        unknown_minutes=(sums.span_us - sums.observed_us) / _MINUTE_US,
        minutes_above=above,
        minutes_below=_below(sums, limits.min_celsius),
        degree_minutes_above=degree_minutes,
        min_celsius=low,
        max_celsius=sums.max_celsius,
        kinetic_sum=sums.kinetic_sum,
        vvm_life_used=vvm,
        is_frozen=limits.is_freeze_sensitive and low is not None and low <= FREEZING_CELSIUS,
        budget_minutes=spent,
    )


def _above(sums: Sums, limit: float) -> tuple[float, float]:
    """Minutes and degree-minutes above a limit."""
    low, high, minutes = sums.min_celsius, sums.max_celsius, sums.observed_us / _MINUTE_US
    if low is None or high is None or high <= limit:
        return 0.0, 0.0
    if low > limit or (low == high and not sums.parts):
        return minutes, sums.degree_minutes - limit * minutes
    if not sums.parts:
        return minutes, (high - limit) * minutes
    warm = [(one.lasted_us / _MINUTE_US, one.high) for one in sums.parts if one.high > limit]
    return sum(part for part, _ in warm), sum(part * (celsius - limit) for part, celsius in warm)


def _below(sums: Sums, limit: float) -> float:
    """Minutes below a limit."""
    low, high = sums.min_celsius, sums.max_celsius
    if low is None or high is None or low >= limit:
        return 0.0
    if high < limit or not sums.parts:
        return sums.observed_us / _MINUTE_US
    return sum(one.lasted_us for one in sums.parts if one.low < limit) / _MINUTE_US


def pack_hours(hours: Sequence[Sums]) -> tuple[bytes, bytes | None]:
    """Hours as they are kept: the sums of each, and the temperatures of those that have them."""
    sums = b"".join(
        _HOUR.pack(
            one.observed_us,
            math.nan if one.min_celsius is None else one.min_celsius,
            math.nan if one.max_celsius is None else one.max_celsius,
            *one[4:8],
        )
        for one in hours
    )
    parts = b"".join(
        _COUNT.pack(number, len(one.parts)) + b"".join(_PART.pack(*part) for part in one.parts)
        for number, one in enumerate(hours)
        if one.parts
    )
    return sums, parts or None


def unpack_hours(sums: bytes, parts: bytes | None) -> list[Sums]:
    """The reverse of `pack_hours`."""
    kept = dict(_unpack_parts(parts or b""))
    hours = []
    for number, said in enumerate(_HOUR.iter_unpack(sums)):
        observed_us, low, high, degree, kinetic, vvm2, vvm = said
        if observed_us:
            mine = kept.get(number, ())
            hours.append(Sums(HOUR_US, observed_us, low, high, degree, kinetic, vvm2, vvm, mine))
        else:
            hours.append(Sums())
    return hours


def _unpack_parts(parts: bytes) -> Iterable[tuple[int, tuple[Part, ...]]]:
    place = 0
    while place < len(parts):
        number, count = _COUNT.unpack_from(parts, place)
        end = place + _COUNT.size + count * _PART.size
        yield number, tuple(map(Part._make, _PART.iter_unpack(parts[place + _COUNT.size : end])))
        place = end
