"""Marking the hours of a unit's days that are to be summed again, whatever changed their past.

A mark is written in the transaction that changes the past, so whoever sees the change sees the
mark. `capture.summing` sums only what is marked, and says why no mark is ever lost. With the mark
the changes of the unit's past are counted, for those who remember it (`trace.past`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Date, Integer, cast, func, select, update
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.db import is_postgresql
from traceapp.models.reading import Reading
from traceapp.models.unit_day import ALL_HOURS, OTHER_SENSORS, Summing, UnitDay, UnitPast
from traceapp.rules.hour import midnight
from traceapp.rules.judging import Pace
from traceapp.watch.heard import LONGEST_SILENCE, Attached, load_units_of

_HOUR = timedelta(hours=1)
_DAY_US = 86_400_000_000
_AT_ONCE = 500

_Marks = dict[tuple[int, date], int]


def mark_late(session: Session, earliest: datetime, late: Iterable[tuple[int, datetime]]) -> None:
    """Mark the hours that readings, just stored, may change; `earliest` is before all of them.

    `late` are sensors and moments, and is looked at only where some of them are late enough. To
    be called after the readings were written, and last in a transaction: see `capture.summing`.
    """
    until_on = session.scalar(select(Summing.until_on))
    if until_on is None or earliest >= midnight(until_on) + LONGEST_SILENCE:
        return
    bound = midnight(until_on) + LONGEST_SILENCE
    moments: dict[int, list[datetime]] = {}
    for sensor_id, at in late:
        if at < bound:
            moments.setdefault(sensor_id, []).append(at)
    units = load_units_of(session, list(moments)) if moments else {}
    _write(session, _marks(moments, units, until_on))


def mark_sensor(
    session: Session, sensor_id: int, unit_ids: Collection[int], since: datetime | None
) -> None:
    """Mark all days of units from a moment on: a sensor of theirs came, left, or has another pace.

    A sensor that left within its silence limit was not silent before, so it begins that much
    earlier. Days of which the sensor has readings are added. The units are locked by the caller.
    """
    until_on = session.scalar(select(Summing.until_on))
    since = None if since is None else since - LONGEST_SILENCE
    if until_on is None or (since is not None and since >= midnight(until_on)):
        _count_changes(session, unit_ids)
        return
    mark_units(session, unit_ids, since)
    attached = load_units_of(session, [sensor_id]).get(sensor_id, [])
    marks: _Marks = {}
    for day in _days_heard(session, sensor_id, since, until_on):
        begins, ends = midnight(day), midnight(day) + timedelta(days=1)
        for unit_id, one in attached:
            if one.overlaps(begins, ends):
                marks[unit_id, day] = ALL_HOURS
    _write(session, marks)


def mark_units(session: Session, unit_ids: Collection[int], since: datetime | None = None) -> None:
    """Mark all days of units that are there, from a moment on."""
    _count_changes(session, unit_ids)
    is_later = [] if since is None else [UnitDay.measured_on >= since.date()]
    stale = UnitDay.stale_hours.op("|")(ALL_HOURS | OTHER_SENSORS)
    session.execute(
        update(UnitDay)
        .where(UnitDay.unit_id.in_(unit_ids), *is_later)
        .values(stale_hours=stale)
        .execution_options(synchronize_session=False)
    )


def _days_heard(
    session: Session, sensor_id: int, since: datetime | None, until_on: date
) -> Iterator[date]:
    """The days before one of which a sensor has readings."""
    if is_postgresql(session):
        day: Any = cast(func.timezone("UTC", Reading.at), Date)
    else:
        day = cast(Reading.at, Integer) // _DAY_US
    heard = select(day).where(Reading.sensor_id == sensor_id, Reading.at < midnight(until_on))
    if since is not None:
        heard = heard.where(Reading.at >= midnight(since.date()))
    for said in session.scalars(heard.distinct()):
        yield said if isinstance(said, date) else date(1970, 1, 1) + timedelta(int(said))


def _marks(
    moments: Mapping[int, Collection[datetime]],
    units: Mapping[int, Collection[tuple[int, Attached]]],
    until_on: date,
) -> _Marks:
    """Which hours of which days each moment may change, as bits."""
    marks: _Marks = {}
    for sensor_id, mine in moments.items():
        for unit_id, one in units.get(sensor_id, ()):
            for at in mine:
                if one.overlaps(at, at + timedelta(microseconds=1)):
                    for hour in _hours_around(at, one.pace):
                        key = unit_id, hour.date()
                        if key[1] < until_on:
                            marks[key] = marks.get(key, 0) | 1 << hour.hour
    return marks


def _hours_around(at: datetime, pace: Pace) -> Iterator[datetime]:
    """The hours that a reading may change: as far as a sensor may be silent, on either side."""
    reach = min(pace.silence, LONGEST_SILENCE)
    hour = (at - reach).replace(minute=0, second=0, microsecond=0)
    while hour <= at + reach:
        yield hour
        hour += _HOUR


def _write(session: Session, marks: _Marks) -> None:
    """Add marks in the order of the key, so that two writers wait for each other and no more."""
    _count_changes(session, {unit_id for unit_id, _ in marks})
    ordered = iter(sorted(marks.items()))
    while some := list(islice(ordered, _AT_ONCE)):
        statement = insert(session, UnitDay).values(
            [
                {"unit_id": unit_id, "measured_on": day, "stale_hours": hours, **_EMPTY}
                for (unit_id, day), hours in some
            ]
        )
        both = UnitDay.stale_hours.op("|")(statement.excluded.stale_hours)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["unit_id", "measured_on"], set_={"stale_hours": both}
            )
        )


def _count_changes(session: Session, unit_ids: Collection[int]) -> None:
    ordered = iter(sorted(unit_ids))
    while some := list(islice(ordered, _AT_ONCE)):
        statement = insert(session, UnitPast).values(
            [{"unit_id": unit_id, "changes": 1} for unit_id in some]
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["unit_id"], set_={"changes": UnitPast.changes + 1}
            )
        )


_EMPTY = dict.fromkeys(
    ("observed_us", "degree_minutes", "kinetic_sum", "vvm2_minutes", "vvm_minutes"), 0
)
