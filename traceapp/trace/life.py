"""What stretches in units are made of: whole days, hours, and what only readings tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from traceapp.rules.exposure import Heard, Limits, Segment, timeline
from traceapp.rules.hour import (
    HOUR,
    HOUR_US,
    Sums,
    Told,
    limits_within,
    midnight,
    share,
    sum_hours,
)
from traceapp.trace.day import DAY, Days, DaySums
from traceapp.trace.past import Key, Past
from traceapp.watch.heard import Span, hear, is_settled

_MICROSECOND = timedelta(microseconds=1)

#: An hour by its beginning, with its sums.
Hour = tuple[datetime, Sums]


class Life(NamedTuple):
    """A stretch in its parts; `shares` stand for parts of hours whose readings were put away.

    `doubts` are spans of which a sensor that speaks again would tell something else.
    """

    days: list[tuple[date, Sums]]
    hours: list[Hour]
    segments: list[Segment]
    shares: list[Sums]
    doubts: list[Span]


class _Plan(NamedTuple):
    """A stretch whose hours in [first, last) may be read from sums, and the rest from readings.

    Whether a sensor that was not heard again is silent depends on how long after it the stretch
    ends, so its end is read from readings, as far back as a sensor may be silent.
    """

    unit_id: int
    from_at: datetime
    first: datetime
    last: datetime
    until_at: datetime

    @property
    def days(self) -> Iterator[tuple[date, datetime, datetime]]:
        """The days of the hours, and what of each lies within; none where no hour does."""
        begins = midnight(self.first.date())
        while self.first < self.last and begins < self.last:
            yield begins.date(), max(begins, self.first), min(begins + DAY, self.last)
            begins += DAY

    @property
    def days_touched(self) -> Iterator[tuple[date, bool]]:
        """All days of the stretch, and whether all hours of each may be read from sums."""
        whole = {day for day, begins, ends in self.days if ends - begins == DAY}
        day = self.from_at.date()
        while day <= self.until_at.date():
            yield day, day in whole
            day += timedelta(days=1)


class Lives:
    """The stretches that were read, and how others are."""

    def __init__(self, session: Session, past: Past) -> None:
        self._session = session
        self._days = DaySums(session)
        self._past = past
        self._lives: dict[Key, Life] = {}
        #: For which limits a stretch was read: its days need their hours by those.
        self._read: set[tuple[Key, tuple[float, ...]]] = set()

    def of(self, key: Key) -> Life:
        """A stretch that was read."""
        return self._lives[key]

    def read(self, keys: Iterable[Key], limits: Limits) -> None:
        """Read the stretches that are not there yet, with few questions for all of them.

        The hours of days that do not tell what they did to such a product are fetched, too.
        """
        known = tuple(sorted(limits_within(limits)))
        wanted = [key for key in dict.fromkeys(keys) if (key, known) not in self._read]
        if not wanted:
            return
        self._read |= {(key, known) for key in wanted}
        told = Told(limits)
        self._days.fetch_hours(
            (key[0], day)
            for key in wanted
            if key in self._lives
            for day, sums in self._lives[key].days
            if not told.tells(sums)
        )
        keys = [key for key in wanted if key not in self._lives]
        if not keys:
            return
        self._past.know({unit_id for unit_id, _, _ in keys})
        plans = [self._plan(key) for key in keys]
        self._days.fetch(
            [
                Days(one.unit_id, one.from_at.date(), one.until_at.date())
                for one in plans
                if not self._past.is_recent(one.unit_id, one.from_at)
            ]
        )
        self._days.fetch_hours(
            (plan.unit_id, day)
            for plan in plans
            for day, is_whole in plan.days_touched
            if (sums := self._days.total(plan.unit_id, day)) is not None
            and not (is_whole and told.tells(sums))
        )
        spans: list[tuple[Life, Span]] = []
        for key, plan in zip(keys, plans, strict=True):
            life = self._lives[key] = Life([], [], [], [], [])
            spans += [(life, span) for span in self._divide(plan, life)]
        for (life, span), heard in zip(spans, self._heard([s for _, s in spans]), strict=True):
            if not is_settled(span, heard):
                life.doubts.append(span)
            self._fill(life, span, timeline(heard, span.since, span.until, span.as_of))

    def hours_of(self, unit_id: int, days: Sequence[date]) -> tuple[list[Hour], list[Segment]]:
        """The hours of days, and the readings of those that were summed and do not hold now."""
        self._days.fetch_hours((unit_id, day) for day in days)
        hours: list[Hour] = []
        spans: list[Span] = []
        for day in days:
            kept = self._days.hours(unit_id, day)
            if kept is None:
                spans.append(Span(unit_id, midnight(day), midnight(day) + DAY))
            else:
                hours += [(midnight(day) + n * HOUR, sums) for n, sums in enumerate(kept)]
        return hours, [segment for mine in self._measured(spans) for segment in mine]

    def read_again(self, unit_id: int, hours: Sequence[Hour], limits: Limits) -> Iterator[Sums]:
        """Hours that crossed a limit nobody knew of when they were summed, from their readings.

        One whose readings were put away is given as it is.
        """
        spans = [Span(unit_id, start, start + HOUR) for start, _ in hours]
        for (start, kept), segments in zip(hours, self._measured(spans), strict=True):
            [fresh] = sum_hours(segments, start, 1, limits_within(limits))
            yield kept if fresh.observed_us < kept.observed_us else fresh

    def _plan(self, key: Key) -> _Plan:
        unit_id, from_at, until_at = key
        reach = max(
            (
                one.pace.silence
                for one in self._past.attached[unit_id]
                if one.overlaps(from_at, until_at)
            ),
            default=timedelta(),
        )
        first, last = _hour_of(from_at), _hour_of(until_at - reach)
        first += HOUR if first < from_at else timedelta()
        return _Plan(unit_id, from_at, first, last, until_at)

    def _divide(self, plan: _Plan, life: Life) -> Iterator[Span]:
        """Put what the sums tell into a life; yields the stretches that readings must tell."""
        since = plan.from_at
        for day, begins, ends in plan.days:
            whole = self._days.total(plan.unit_id, day)
            hours = None
            if whole is not None and ends - begins < DAY:
                hours = self._days.hours(plan.unit_id, day)
            if whole is None or (hours is None and ends - begins < DAY):
                continue
            if since < begins:
                yield Span(plan.unit_id, since, begins, plan.until_at)
            if hours is None:
                life.days.append((day, whole))
            else:
                for number in range(begins.hour, begins.hour + (ends - begins) // HOUR):
                    life.hours.append((midnight(day) + number * HOUR, hours[number]))
            since = ends
        if since < plan.until_at:
            yield Span(plan.unit_id, since, plan.until_at, plan.until_at)

    def _measured(self, spans: Sequence[Span]) -> Iterator[list[Segment]]:
        for span, heard in zip(spans, self._heard(spans), strict=True):
            yield timeline(heard, span.since, span.until, span.as_of)

    def _heard(self, spans: Sequence[Span]) -> list[list[Heard]]:
        return hear(self._session, spans, self._past.attached)

    def _fill(self, life: Life, span: Span, segments: list[Segment]) -> None:
        """Put what readings tell into a life; of hours whose readings are gone a share of the sums.

        They are gone where less of an hour was measured than must have been when it was summed.
        """
        for hour in _unknown_hours(segments):
            if self._days.total(span.unit_id, hour.date()) is None:
                continue
            kept = (self._days.hours(span.unit_id, hour.date()) or [Sums()] * 24)[hour.hour]
            since, until = max(hour, span.since), min(hour + HOUR, span.until)
            part_us = (until - since) // _MICROSECOND
            inside = [one for one in _cut(segments, since, until) if one.low is not None]
            known_us = sum((one.end - one.start) // _MICROSECOND for one in inside)
            if kept.observed_us - known_us > HOUR_US - part_us:
                life.shares.append(share(kept, part_us))
                segments = [*_cut(segments, span.since, since), *_cut(segments, until, span.until)]
        life.segments.extend(segments)


def _hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _unknown_hours(segments: Iterable[Segment]) -> Iterator[datetime]:
    """The hours in which something is unknown, each once."""
    last: datetime | None = None
    for segment in segments:
        if segment.low is None:
            hour = _hour_of(segment.start)
            while hour < segment.end:
                if last is None or hour > last:
                    yield hour
                    last = hour
                hour += HOUR


def _cut(segments: Iterable[Segment], since: datetime, until: datetime) -> Iterator[Segment]:
    """The part of a timeline in [since, until)."""
    for one in segments:
        start, end = max(one.start, since), min(one.end, until)
        if start < end:
            yield one._replace(start=start, end=end)
