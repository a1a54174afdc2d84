"""A unit's episodes: the union of the triggered runs of its sensors under one rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from traceapp.rules.profile import Rule
from traceapp.rules.run import Run, Stretch

END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Episode:
    """What a unit lived through: [started_at, ended_at), still open without `ended_at`."""

    rule: Rule
    started_at: datetime
    triggered_at: datetime
    ended_at: datetime | None
    heard_at: datetime
    peak_celsius: float | None
    unknown_minutes: float
    spent_minutes: float | None = None

    @property
    def minutes(self) -> float:
        """How long it lasted, or has been seen to last so far; under a cumulative rule, the
        time outside that added up.
        """
        if self.spent_minutes is not None:
            return self.spent_minutes
        return ((self.ended_at or self.heard_at) - self.started_at) / timedelta(minutes=1)


def unite(runs: Iterable[Run]) -> list[Episode]:
    """The episodes that triggered runs of one rule add up to, by start.

    Runs that overlap or touch are one episode.
    """
    triggered = sorted(
        (run for run in runs if run.triggered_at is not None), key=lambda run: run.started_at
    )
    groups: list[list[Run]] = []
    reach = END_OF_TIME
    for run in triggered:
        if groups and run.started_at <= reach:
            groups[-1].append(run)
            reach = max(reach, run.ended_at or END_OF_TIME)
        else:
            groups.append([run])
            reach = run.ended_at or END_OF_TIME
    return [_unite(group) for group in groups]


def _unite(group: list[Run]) -> Episode:
    rule = group[0].rule
    peak: float | None = None
    for run in group:
        peak = rule.worse(peak, run.peak_celsius)
    is_open = any(run.ended_at is None for run in group)
    return Episode(
        rule=rule,
        started_at=group[0].started_at,
        triggered_at=min(run.triggered_at for run in group if run.triggered_at),
        ended_at=None if is_open else max(run.ended_at for run in group if run.ended_at),
        heard_at=max(run.heard_at for run in group),
        peak_celsius=peak,
        unknown_minutes=_length(_without(_unknown(group), _known(group))),
        spent_minutes=_spent(group),
    )


def _spent(group: list[Run]) -> float | None:
    """The most that a sensor of the unit added up, in minutes, under a cumulative rule."""
    spent = [run.spent for run in group]
    return max((one / timedelta(minutes=1) for one in spent if one is not None), default=None)


def _unknown(group: list[Run]) -> list[Stretch]:
    return _merge(stretch for run in group for stretch in run.unknown)


def _known(group: list[Run]) -> list[Stretch]:
    known: list[Stretch] = []
    for run in group:
        known += _without([(run.started_at, run.ended_at or run.heard_at)], _merge(run.unknown))
    return _merge(known)


def _merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        elif end > start:
            merged.append((start, end))
    return merged


def _without(stretches: list[Stretch], holes: list[Stretch]) -> list[Stretch]:
    left: list[Stretch] = []
    for start, end in stretches:
        for hole_start, hole_end in holes:
            if hole_end <= start or hole_start >= end:
                continue
            if hole_start > start:
                left.append((start, hole_start))
            start = min(max(start, hole_end), end)
        if start < end:
            left.append((start, end))
    return left


def _length(stretches: list[Stretch]) -> float:
    return sum((end - start) / timedelta(minutes=1) for start, end in stretches)
