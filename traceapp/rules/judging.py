"""Judging one sensor: a fold over its readings in event time.

A sensor's temperature holds from its reading until its next reading. A run starts at the
first reading outside a rule and ends at the first following reading back inside; silence never
ends it. The fold knows no clock and no database: the same readings give the same runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from traceapp.rules.profile import Profile, Rule
from traceapp.rules.run import Run, Stretch
from traceapp.rules.sample import Sample

_LEAST_SILENCE = timedelta(minutes=15)


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


class Watch:
    """The state of the fold for one sensor: its newest usable reading and what is running.

    `since` is when the sensor came under this watch: what it said before (`last`, or `heard_at`
    where that was elsewhere) still tells how long it has been silent, but nothing starts earlier.
    `departures` are the moments at which a journey began, ascending: there the cumulative
    rules without a window count anew.
    """

    def __init__(
        self,
        profile: Profile,
        pace: Pace,
        last: Sample | None = None,
        running: Iterable[Run] = (),
        departures: Sequence[datetime] = (),
        *,
        since: datetime | None = None,
        heard_at: datetime | None = None,
    ) -> None:
        self.profile = profile
        self.pace = pace
        self.last = last
        self.heard_at = heard_at if last is None else last.at
        self.running = {run.rule.code: run for run in running}
        self._since = since
        begun = self.heard_at
        self._departures = [at for at in departures if begun is None or at > begun]

    def take(self, sample: Sample) -> list[Run]:
        """Take the next reading in event time; returns the runs that it ended."""
        if sample.is_implausible:  # A broken probe says nothing: that is silence.
            return []
        is_silent = self._is_silent_until(sample.at)
        ended = [*self._depart(sample.at), *self._hear(sample.at)]
        if self.last is not None:
            ended += self._miss_numbers(self.last, sample)
        for rule in self.profile.rules:
            is_outside = rule.is_outside(sample, self.last)
            if is_silent and rule.side == "stuck":  # Nobody knows what was between.
                is_outside = False
            run = self.running.get(rule.code)
            if is_outside:
                ended += self._prolong(rule, run, sample)
            elif is_outside is False and run is not None:
                ended += self._come_back(run, sample.at)
        self.last, self.heard_at = sample, sample.at
        return [run for run in ended if run.is_kept]

    @property
    def kept(self) -> list[Run]:
        """What runs and is worth remembering."""
        return [run for run in self.running.values() if run.is_kept]

    def _is_silent_until(self, at: datetime) -> bool:
        return self.heard_at is not None and at - self.heard_at > self.pace.silence

    def _depart(self, at: datetime) -> list[Run]:
        """Let journeys that began by now begin: what still holds is counted anew."""
        ended: list[Run] = []
        while self._departures and self._departures[0] <= at:
            departed_at = self._departures.pop(0)
            for code, run in list(self.running.items()):
                if not run.rule.is_cumulative or run.rule.window is not None:
                    continue
                is_still_outside = run.outside_since is not None
                unknown = self.heard_at and self.pace.unknown(self.heard_at, at)
                if unknown and unknown[0] < departed_at:
                    run.unknown.append((max(unknown[0], run.started_at), departed_at))
                run.end(departed_at)
                ended.append(self.running.pop(code))
                if is_still_outside and departed_at < at and self.last is not None:
                    self._prolong(run.rule, None, self.last, departed_at)
        return ended

    def _hear(self, at: datetime) -> list[Run]:
        """Hear something at `at`: the silence that it ends, if it was one."""
        if self.heard_at is None:
            return []
        unknown = self.pace.unknown(self.heard_at, at)
        if unknown is None:
            return []
        for run in self.running.values():
            run.unknown.append((max(unknown[0], run.started_at), at))
        silence = self._silence_after(self.heard_at)
        if silence.started_at >= at:
            return []
        silence.heard_at = silence.ended_at = at
        silence.unknown = [(silence.started_at, at)]
        return [silence]

    def _silence_after(self, heard_at: datetime) -> Run:
        started_at = heard_at + min(self.pace.interval, self.pace.silence)
        triggered_at = heard_at + self.pace.silence
        if self._since is not None:
            started_at, triggered_at = max(started_at, self._since), max(triggered_at, self._since)
        return Run(self.profile.silence, started_at, triggered_at, triggered_at=triggered_at)

    def _miss_numbers(self, last: Sample, sample: Sample) -> list[Run]:
        if last.seq is None or sample.seq is None or last.boot != sample.boot:
            return []
        if sample.seq <= last.seq + 1:
            return []
        started_at = min(last.at + self.pace.interval, sample.at)
        if started_at == sample.at:
            started_at = last.at
        rule = self.profile.rule("missing")
        return [Run(rule, started_at, sample.at, sample.at, triggered_at=sample.at)]

    def _prolong(
        self, rule: Rule, run: Run | None, sample: Sample, at: datetime | None = None
    ) -> list[Run]:
        """Be outside at a reading, or at the departure before it; returns what a new run ends."""
        moment = at or sample.at
        ended: list[Run] = []
        held: list[Stretch] = []
        if run is not None and run.is_memory(moment):
            run.ended_at, held = moment, run.remainder(moment)
            ended, run = [run], None
        if run is None:
            since = self._unchanged_since(moment) if rule.side == "stuck" else moment
            run = self.running[rule.code] = Run(rule, since, since, stretches=held)
        run.resume(moment)
        peak = None if rule.limit_celsius is None else sample.celsius
        run.peak_celsius = rule.worse(run.peak_celsius, peak)
        run.reach(moment)
        return ended

    def _unchanged_since(self, moment: datetime) -> datetime:
        """Since when a value stands that came again at `moment`: the reading before, if here."""
        since = moment if self.last is None else self.last.at
        return since if self._since is None else max(since, self._since)

    def _come_back(self, run: Run, moment: datetime) -> list[Run]:
        """Be back inside at a reading; returns the run if it ends with it.

        What a window still holds of an excursion counts on, as a run that has not begun yet.
        """
        run.pause(moment)
        if not run.is_over(moment):
            return []
        run.ended_at = moment
        del self.running[run.rule.code]
        if run.rule.window is not None and (held := run.remainder(moment)):
            self.running[run.rule.code] = Run(run.rule, moment, moment, stretches=held)
        return [run]

    def silent_by(self, now: datetime) -> Run | None:
        """The silence that runs at `now`, if the newest reading is older than the limit."""
        if self.heard_at is None or now - self.heard_at <= self.pace.silence:
            return None
        return self._silence_after(self.heard_at)

    def stop(self, moment: datetime) -> list[Run]:
        """End everything at `moment`: the sensor left the unit, or other rules came."""
        stopped = [*self._hear(moment), *self.kept]
        for run in self.running.values():
            run.end(moment)
        self.running.clear()
        return stopped


def judge(
    profile: Profile,
    pace: Pace,
    samples: Sequence[Sample],
    departures: Sequence[datetime] = (),
) -> list[Run]:
    """All runs of a complete series of one sensor, by start; `samples` ascend by `at`."""
    watch = Watch(profile, pace, departures=departures)
    runs = [run for sample in samples for run in watch.take(sample)]
    return sorted([*runs, *watch.kept], key=lambda run: (run.started_at, run.rule.code))
