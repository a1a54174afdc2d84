"""Summing the days of units that ended a while ago, and again the hours that have changed.

Days are **listed** first, as rows that are stale altogether, and **summed** later. A row that is
not stale says what the readings say. Why that holds, whoever writes meanwhile:

- A writer marks a day in the transaction that changes its past (`capture.stale`), after it wrote
  the readings. Who sums locks a row first and reads readings afterwards, by statements of their
  own (READ COMMITTED). So a writer that marked the row before has committed, and is read; one
  that marks it afterwards waits for us, and leaves a row that is stale again.
- A writer marks only days before `summing.until_on`, and a change of sensors only the days that
  are listed. One that looked before a listing was committed may leave something unmarked. It had
  written before it looked, so it has a transaction number: nothing is summed until all
  transactions that were going on when a listing was committed are over (`summing.fence`). The
  fence is looked at by the statement that picks the rows, and is missing from the moment that
  they are listed, so nobody sees the rows without it.
- Who sums never waits for a row (SKIP LOCKED), so it takes part in no deadlock. Writers mark last
  in their transaction, in the order of the key.
- On SQLite one transaction writes at a time, and all of this is so by itself.

A clock that is wrong lists days too early, or late. It makes no sum wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Text, cast, delete, func, select, update
from sqlalchemy.orm import Session

from traceapp.capture.month import lacking_months
from traceapp.capture.unit_day import day_of
from traceapp.db import is_postgresql
from traceapp.models.unit_day import ALL_HOURS, OTHER_SENSORS, Summing, UnitDay
from traceapp.rules.exposure import timeline
from traceapp.rules.hour import HOUR, Sums, midnight, sum_hours, unpack_hours
from traceapp.watch.heard import LONGEST_SILENCE, Attached, Span, hear, load_attached
from traceapp.watch.limit import known_limits

#: A transaction sums so many days, and who marks one of them waits for it.
MOST_DAYS = 50
_DAY = timedelta(days=1)


class Summed(NamedTuple):
    """A day that was summed, and the hours of it that were read from readings."""

    unit_id: int
    measured_on: date
    hours: tuple[int, ...]


class _Run(NamedTuple):
    """Hours of a row that follow one another, to be summed again."""

    row: Any
    first: int
    after: int


def sum_days(session: Session, most: int = MOST_DAYS) -> list[Summed]:
    """Sum at most so many days that are stale; none while older transactions go on."""
    if not _is_past_fence(session):
        return []
    rows = _lock_stale(session, most)
    if not rows:
        return []
    attached = load_attached(session, {row.unit_id for row in rows})
    lacks = lacking_months(session)
    rows = [row for row in rows if not _is_left(session, row, attached.get(row.unit_id, ()), lacks)]
    runs = [_Run(row, *run) for row in rows for run in _runs(_hours_of(row))]
    spans = [_span(run) for run in runs]
    limits = known_limits(session)
    fresh: dict[tuple[int, date], dict[int, Sums]] = {}
    for run, span, heard in zip(runs, spans, hear(session, spans, attached), strict=True):
        segments = timeline(heard, span.since, span.until, span.as_of)
        count = run.after - run.first
        hours = fresh.setdefault((run.row.unit_id, run.row.measured_on), {})
        for number, sums in enumerate(sum_hours(segments, span.since, count, limits), run.first):
            hours[number] = sums
    for row in rows:
        begins = midnight(row.measured_on)
        is_edge = lacks(begins - LONGEST_SILENCE, begins + _DAY + LONGEST_SILENCE)
        _write(session, row, fresh[row.unit_id, row.measured_on], is_edge)
    return [Summed(*key, tuple(sorted(hours))) for key, hours in fresh.items()]


def _is_past_fence(session: Session) -> bool:
    """Put up the fence where it is missing; whether it stood already."""
    if not is_postgresql(session):
        return True
    # Locked by a statement before, so that the number is read after the listing was committed.
    missing = select(Summing.id).where(Summing.fence.is_(None))
    if session.scalar(missing.with_for_update(skip_locked=True)) is None:
        return True
    # Our own number: a snapshot's `xmax` is one more than the newest that is over, and may be that
    # of one that still goes on.
    ours = cast(func.pg_current_xact_id(), Text)
    session.execute(update(Summing).values(fence=cast(ours, Summing.fence.type)))
    return False


def _lock_stale(session: Session, most: int) -> Sequence[Any]:
    stale = select(
        UnitDay.unit_id, UnitDay.measured_on, UnitDay.stale_hours, UnitDay.hours, UnitDay.detail
    ).where(UnitDay.stale_hours != 0)
    if is_postgresql(session):
        eldest = cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text)
        is_over = Summing.fence <= cast(eldest, Summing.fence.type)
        stale = stale.where(select(Summing.id).where(is_over).exists())
    stale = stale.order_by(UnitDay.unit_id, UnitDay.measured_on).limit(most)
    return session.execute(stale.with_for_update(of=UnitDay, skip_locked=True)).all()


def _hours_of(row: Any) -> int:
    """The hours to be summed, as bits: all of them, where there are no others."""
    return ALL_HOURS if row.hours is None else row.stale_hours & ALL_HOURS


def _runs(hours: int) -> list[tuple[int, int]]:
    """The stretches of bits that are set, [first, after)."""
    edges = [n for n in range(25) if (hours >> n & 1) != (hours << 1 >> n & 1)]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _span(run: _Run) -> Span:
    begins = midnight(run.row.measured_on)
    return Span(run.row.unit_id, begins + run.first * HOUR, begins + run.after * HOUR)


def _is_left(
    session: Session,
    row: Any,
    attached: Sequence[Attached],
    lacks: Callable[[datetime, datetime], bool],
) -> bool:
    """Whether a day cannot be summed: its readings are away, or a sensor is silent for days."""
    begins = midnight(row.measured_on)
    key = UnitDay.unit_id == row.unit_id, UnitDay.measured_on == row.measured_on
    present = [one for one in attached if one.overlaps(begins, begins + _DAY)]
    is_away = lacks(begins, begins + _DAY)
    if any(one.pace.silence > LONGEST_SILENCE for one in present) or (is_away and not row.hours):
        session.execute(delete(UnitDay).where(*key))
        return True
    if is_away:  # The sums of what was there stay.
        session.execute(update(UnitDay).where(*key).values(stale_hours=0))
    return is_away


def _write(session: Session, row: Any, fresh: Mapping[int, Sums], is_edge: bool) -> None:
    """Put fresh hours into a row.

    A reading that comes late never makes less of an hour known. Where less is, the hour's other
    readings were put away, and its sums stay; unless it was the sensors that changed. On a day at
    the edge of what was put away nobody can tell, and what is known stays.
    """
    hours = [Sums()] * 24 if row.hours is None else unpack_hours(row.hours, row.detail)
    is_other = bool(row.stale_hours & OTHER_SENSORS) and not is_edge
    for number, sums in fresh.items():
        if is_other or sums.observed_us >= hours[number].observed_us:
            hours[number] = sums
    session.execute(
        update(UnitDay)
        .where(UnitDay.unit_id == row.unit_id, UnitDay.measured_on == row.measured_on)
        .values(**day_of(hours))
        .execution_options(synchronize_session=False)
    )
