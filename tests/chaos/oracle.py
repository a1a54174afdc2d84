"""A judge of our own: plain loops over all readings, written from docs/judging.md alone.

It knows the default profile `cn-fridge`, silence, and units with several probes. It is slow on
purpose: every episode is looked for from every reading, nothing is remembered in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

#: rule: level, warmer or colder than, limit, whether the limit counts, minutes.
_RULES = {
    "warm": ("notice", 1, 8.0, False, 0),
    "hot": ("alarm", 1, 8.0, False, 15),
    "cool": ("notice", -1, 2.0, False, 0),
    "cold": ("alarm", -1, 2.0, False, 15),
    "freeze": ("alarm", -1, -0.5, True, 0),
}
LEVELS = {**{rule: content[0] for rule, content in _RULES.items()}, "silence": "alarm"}
Said = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class Probe:
    """How often a sensor is to speak, and how long it may be silent."""

    unit: str
    interval: timedelta
    silence: timedelta


@dataclass(frozen=True, slots=True, order=True)
class Episode:
    """An excursion as everybody must see it."""

    unit: str
    rule: str
    started_at: datetime
    triggered_at: datetime
    ended_at: datetime | None
    peak: float | None


def judge(
    probes: Mapping[str, Probe], said: Mapping[str, Sequence[Said]], now: datetime
) -> list[Episode]:
    """Return every excursion that these readings are, by unit, rule and start, as seen now."""
    runs: dict[tuple[str, str], list[Episode]] = {}
    for sensor, probe in probes.items():
        usable = sorted((at, value) for at, value in said.get(sensor, ()) if -110 <= value <= 80)
        found = [run for rule in _RULES for run in _runs(probe.unit, rule, usable)]
        for run in found + _silences(probe, usable, now):
            runs.setdefault((run.unit, run.rule), []).append(run)
    return sorted(episode for together in runs.values() for episode in _united(together))


def _runs(unit: str, rule: str, usable: Sequence[Said]) -> list[Episode]:
    level, side, limit, is_included, minutes = _RULES[rule]
    del level

    def is_outside(celsius: float) -> bool:
        return side * celsius > side * limit or (is_included and celsius == limit)

    found = []
    for first, (started_at, celsius) in enumerate(usable):
        if not is_outside(celsius) or (first > 0 and is_outside(usable[first - 1][1])):
            continue
        values, shown_at, ended_at = [], started_at, None
        for at, value in usable[first:]:
            shown_at = at
            if not is_outside(value):
                ended_at = at
                break
            values.append(value)
        triggered_at = started_at + timedelta(minutes=minutes)
        if triggered_at <= shown_at:
            peak = max(values) if side > 0 else min(values)
            found.append(Episode(unit, rule, started_at, triggered_at, ended_at, peak))
    return found


def _silences(probe: Probe, usable: Sequence[Said], now: datetime) -> list[Episode]:
    found = []
    for place, (at, _) in enumerate(usable):
        next_at = usable[place + 1][0] if place + 1 < len(usable) else None
        if (next_at or now) - at > probe.silence:
            begins, triggers = at + probe.interval, at + probe.silence
            found.append(Episode(probe.unit, "silence", begins, triggers, next_at, None))
    return found


def _united(runs: Sequence[Episode]) -> list[Episode]:
    """Join what overlaps or touches, two at a time, until nothing does any more."""
    left = list(runs)
    while True:
        pair = next(
            (
                (one, other)
                for place, one in enumerate(left)
                for other in left[place + 1 :]
                if _touch(one, other) and _touch(other, one)
            ),
            None,
        )
        if pair is None:
            return left
        left = [run for run in left if run not in pair] + [_joined(*pair)]


def _touch(one: Episode, other: Episode) -> bool:
    return one.ended_at is None or other.started_at <= one.ended_at


def _joined(one: Episode, other: Episode) -> Episode:
    ends = [run.ended_at for run in (one, other) if run.ended_at is not None]
    peaks = [run.peak for run in (one, other) if run.peak is not None]
    pick = max if one.rule in ("warm", "hot") else min
    return Episode(
        one.unit,
        one.rule,
        min(one.started_at, other.started_at),
        min(one.triggered_at, other.triggered_at),
        max(ends) if len(ends) == 2 else None,
        pick(peaks) if peaks else None,
    )
