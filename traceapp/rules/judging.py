"""Judging one sensor: a fold over its readings in event time.

A sensor's temperature holds from its reading until its next reading. A run starts at the
first reading outside a rule and ends at the first following reading back inside; silence never
ends it. The fold knows no clock and no database: the same readings give the same runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from traceapp.rules.profile import Profile, Rule, Sample

_LEAST_SILENCE = timedelta(minutes=15)

Stretch = tuple[datetime, datetime]


class TimedSample(Sample, Protocol):
    """A reading with its moment (UTC) and whether its probe is broken."""

    @property
    def at(self) -> datetime: ...
    @property
    def is_implausible(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a sensor speaks and how long it may be silent."""

    interval: timedelta
    silence: timedelta

    @classmethod
    def of(cls, interval_s: int, silence_s: int | None) -> Pace:
        """The silence limit is 3 intervals and at least 15 minutes unless it is set."""
        interval = timedelta(seconds=interval_s)
        if silence_s is not None:
            return cls(interval, timedelta(seconds=silence_s))
        return cls(interval, max(3 * interval, _LEAST_SILENCE))

    def unknown(self, last_at: datetime, next_at: datetime) -> Stretch | None:
        """The part of the gap between two readings that nobody measured, where it was silent."""
        if next_at - last_at <= self.silence:
            return None
        return last_at + min(self.interval, self.silence), next_at


@dataclass(slots=True)
class Run:
    """A stretch outside one rule: [started_at, ended_at), running while `ended_at` is None.

    `heard_at` is the newest reading that belongs to it; `triggered_at` is set once the run has
    lasted the rule's minutes; `unknown` are the stretches within it that nobody measured.
    """

    rule: Rule
    started_at: datetime
    heard_at: datetime
    ended_at: datetime | None = None
    triggered_at: datetime | None = None
    peak_celsius: float | None = None
    unknown: list[Stretch] = field(default_factory=list)

    def reach(self, moment: datetime) -> None:
        """Let the run last until a reading at `moment`, which may trigger the rule."""
        self.heard_at = moment
        due_at = self.started_at + self.rule.sustained
        if self.triggered_at is None and moment >= due_at:
            self.triggered_at = due_at

    def end(self, moment: datetime) -> None:
        self.reach(moment)
        self.ended_at = moment


class Watch:
    """The state of the fold for one sensor: its newest reading and what is running.

    `since` is when the sensor came under this watch; what it said before (`last_at`) still tells
    how long it has been silent, but nothing starts earlier than that.
    """

    def __init__(
        self,
        profile: Profile,
        pace: Pace,
        last_at: datetime | None = None,
        running: Iterable[Run] = (),
        since: datetime | None = None,
    ) -> None:
        self.profile = profile
        self.pace = pace
        self.since = since
        self.last_at = last_at
        self.running = {run.rule.code: run for run in running}

    def take(self, sample: TimedSample) -> list[Run]:
        """Take the next reading in event time; returns the runs that it ended."""
        if sample.is_implausible:  # A broken probe says nothing: that is silence.
            return []
        ended = self._hear(sample.at)
        for rule in self.profile.rules:
            is_outside = rule.is_outside(sample)
            run = self.running.get(rule.code)
            if is_outside:
                self._prolong(rule, run, sample)
            elif is_outside is False and run is not None:
                run.end(sample.at)
                ended.append(self.running.pop(rule.code))
        return ended

    def _hear(self, at: datetime) -> list[Run]:
        unknown = self.pace.unknown(self.last_at, at) if self.last_at else None
        last_at, self.last_at = self.last_at, at
        if unknown is None or last_at is None:
            return []
        for run in self.running.values():
            run.unknown.append(unknown)
        silence = self._silence_after(last_at)
        if silence.started_at >= at:
            return []
        silence.heard_at = silence.ended_at = at
        silence.unknown = [(silence.started_at, at)]
        return [silence]

    def _silence_after(self, last_at: datetime) -> Run:
        started_at = last_at + min(self.pace.interval, self.pace.silence)
        triggered_at = last_at + self.pace.silence
        if self.since is not None:
            started_at, triggered_at = max(started_at, self.since), max(triggered_at, self.since)
        return Run(self.profile.silence, started_at, triggered_at, triggered_at=triggered_at)

    def _prolong(self, rule: Rule, run: Run | None, sample: TimedSample) -> None:
        if run is None:
            run = self.running[rule.code] = Run(rule, sample.at, sample.at)
        peak = None if rule.limit_celsius is None else sample.celsius
        run.peak_celsius = rule.worse(run.peak_celsius, peak)
        run.reach(sample.at)

    def silent_by(self, now: datetime) -> Run | None:
        """The silence that runs at `now`, if the newest reading is older than the limit."""
        if self.last_at is None or now - self.last_at <= self.pace.silence:
            return None
        return self._silence_after(self.last_at)

    def stop(self, moment: datetime) -> list[Run]:
        """End everything at `moment`: the sensor left the unit, or other rules came."""
        silence = self._hear(moment)
        stopped = list(self.running.values())
        for run in stopped:
            run.end(moment)
        self.running.clear()
        return [*silence, *stopped]


def judge(profile: Profile, pace: Pace, samples: Sequence[TimedSample]) -> list[Run]:
    """All runs of a complete series of one sensor, by start; `samples` ascend by `at`."""
    watch = Watch(profile, pace)
    runs = [run for sample in samples for run in watch.take(sample)]
    return sorted([*runs, *watch.running.values()], key=lambda run: (run.started_at, run.rule.code))
