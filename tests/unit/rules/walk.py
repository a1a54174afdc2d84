"""A judge written apart from the rules' own: it walks minute by minute and counts.

It follows docs/judging.md alone, knows whole minutes only, and takes every kind of rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from tests.unit.rules.generated import Case, minute_of
from traceapp.rules.profile import Rule
from traceapp.rules.sample import Sample


class Found(NamedTuple):
    """An excursion of one sensor, in minutes; `spent` is what a cumulative rule added up."""

    rule: str
    started: int
    triggered: int
    ended: int | None
    peak: float | None
    unknown: int
    spent: int | None = None


def walk(case: Case) -> list[Found]:
    """Every excursion of one sensor's readings, by rule and then by start."""
    usable = {minute_of(one.at): one for one in case.samples if not one.is_implausible}
    if not usable:
        return []
    silences = list(_silences(case, sorted(usable)))
    unknown = {m for start, _, until in silences for m in range(start, until)}
    found: list[Found] = []
    for rule in case.profile.rules:
        if rule.side == "silence":
            found += [
                Found(rule.code, start, due, until, None, until - start)
                for start, due, until in silences
            ]
        elif rule.side == "missing":
            found += _missing(rule, case, usable)
        elif rule.side == "stuck":
            found += _unchanged(rule, case, usable, unknown)
        elif rule.is_cumulative:
            found += _Sum(rule, case, usable, unknown).walk()
        else:
            found += _lasting(rule, usable, unknown)
    return sorted(found, key=lambda one: (one.rule, one.started))


def _silences(case: Case, minutes: list[int]) -> Iterator[tuple[int, int, int]]:
    """Where nothing was heard for too long: (one interval later, the limit, heard again)."""
    interval = int(case.pace.interval.total_seconds()) // 60
    limit = int(case.pace.silence.total_seconds()) // 60
    for last, following in pairwise(minutes):
        if following - last > limit:
            yield last + min(interval, limit), last + limit, following


def _missing(rule: Rule, case: Case, usable: dict[int, Sample]) -> Iterator[Found]:
    interval = int(case.pace.interval.total_seconds()) // 60
    minutes = sorted(usable)
    for last, following in pairwise(minutes):
        one, other = usable[last], usable[following]
        if one.seq is None or other.seq is None or one.boot != other.boot:
            continue
        if other.seq > one.seq + 1:
            start = last + interval if last + interval < following else last
            yield Found(rule.code, start, following, following, None, 0)


def _unchanged(
    rule: Rule, case: Case, usable: dict[int, Sample], unknown: set[int]
) -> Iterator[Found]:
    """Where readings without silence between them say the same for so many minutes."""
    limit = int(case.pace.silence.total_seconds()) // 60
    needed = int(rule.sustained.total_seconds()) // 60
    minutes = sorted(usable)
    first = last = minutes[0]
    for minute in [*minutes[1:], None]:
        if (
            minute is not None
            and usable[minute].celsius == usable[first].celsius
            and minute - last <= limit
        ):
            last = minute
            continue
        if last - first >= needed:
            until = minutes[-1] if minute is None else minute
            blind = sum(one in unknown for one in range(first, until))
            yield Found(rule.code, first, first + needed, minute, None, blind)
        if minute is not None:
            first = last = minute


def _outside(rule: Rule, sample: Sample, before: Sample | None) -> bool | None:
    """What a reading says about a rule, None for nothing."""
    limit = rule.limit if rule.limit is not None else 0.0
    beyond = {"above": sample.celsius - limit, "below": limit - sample.celsius}
    if rule.side in beyond:
        return beyond[rule.side] > 0 or (rule.is_limit_included and beyond[rule.side] == 0)
    if rule.side == "jump":
        return before is not None and abs(before.celsius - sample.celsius) > limit
    if rule.side == "clock":
        assert sample.received_at is not None
        return minute_of(sample.at) - minute_of(sample.received_at) > limit
    if rule.side == "battery":
        return None if sample.battery is None else sample.battery < limit
    if rule.side == "door":
        return sample.door_open
    return None if sample.power is None else sample.power is False


def _worse(rule: Rule, one: float | None, other: float) -> float | None:
    if rule.side not in ("above", "below"):
        return None
    if one is None:
        return other
    return max(one, other) if rule.side == "above" else min(one, other)


def _lasting(rule: Rule, usable: dict[int, Sample], unknown: set[int]) -> Iterator[Found]:
    """A continuous rule: count the minutes of each run until a reading shows that it is over."""
    needed = int(rule.sustained.total_seconds()) // 60
    started: int | None = None
    peak: float | None = None
    before: Sample | None = None
    lasted = shown = blind = 0
    for minute in range(min(usable), max(usable) + 1):
        if sample := usable.get(minute):
            said, before = _outside(rule, sample, before), sample
            if said and started is None:
                started, lasted, blind, peak = minute, 0, 0, None
            if said is not None:
                shown = lasted
            if said:
                peak = _worse(rule, peak, sample.celsius)
            elif said is False and started is not None:
                if shown >= needed:
                    yield Found(rule.code, started, started + needed, minute, peak, blind)
                started = None
        lasted += 1
        blind += minute in unknown and minute < max(usable)
    if started is not None and shown >= needed:
        yield Found(rule.code, started, started + needed, None, peak, blind)


@dataclass
class _Sum:
    """A cumulative rule: count every minute outside, over a window or since the journey began."""

    rule: Rule
    case: Case
    usable: dict[int, Sample]
    unknown: set[int]

    def __post_init__(self) -> None:
        self.needed = int(self.rule.sustained.total_seconds()) // 60
        self.window = self.rule.window and int(self.rule.window.total_seconds()) // 60
        self.departures = {minute_of(moment) for moment in self.case.departures}
        self.first, self.last = min(self.usable), max(self.usable)
        self.hot: set[int] = set()
        self.found: list[Found] = []
        self.started: int | None = None
        self.triggered: int | None = None
        self.peak: float | None = None
        self.blind = self.spent = 0

    def walk(self) -> list[Found]:
        is_out, celsius = False, 0.0
        for minute in range(self.first, self.last + 1):
            if self.window is None and minute in self.departures:
                self._close(minute)
                if is_out and minute not in self.usable:
                    self._open(minute, celsius)
            if sample := self.usable.get(minute):
                celsius = sample.celsius
                is_out = bool(_outside(self.rule, sample, None))
                self._look(minute, is_out, celsius)
            if minute < self.last:
                self._pass(minute, is_out)
        self._close(None)
        return self.found

    def _look(self, minute: int, is_out: bool, celsius: float) -> None:
        """See what a reading begins or ends."""
        held = self._held(minute)
        if self.window is not None and self.started is not None:
            if self.triggered is not None:
                if not is_out and held < self.needed:
                    self._close(minute)
            elif not self._held(minute, self.started):
                self.started = None
        if is_out and self.started is None:
            self._open(minute, celsius)
        elif is_out:
            self.peak = _worse(self.rule, self.peak, celsius)

    def _open(self, minute: int, celsius: float) -> None:
        self.started, self.peak = minute, _worse(self.rule, None, celsius)
        self.triggered = None
        self.blind = 0
        self.spent = self._held(minute) if self.window is not None else 0

    def _pass(self, minute: int, is_out: bool) -> None:
        """Let one minute pass."""
        if self.started is None:
            return
        self.blind += minute in self.unknown
        if is_out:
            self.hot.add(minute)
            self.spent += 1
            held = self.spent if self.window is None else self._held(minute + 1)
            if self.triggered is None and held >= self.needed:
                self.triggered = minute + 1

    def _held(self, minute: int, since: int = 0) -> int:
        """The minutes outside in the window that ends at `minute`."""
        return sum(m in self.hot for m in range(max(since, minute - (self.window or 0)), minute))

    def _close(self, minute: int | None) -> None:
        if self.started is not None and self.triggered is not None:
            self.found.append(
                Found(
                    self.rule.code,
                    self.started,
                    self.triggered,
                    minute,
                    self.peak,
                    self.blind,
                    self.spent,
                )
            )
        self.started = None
