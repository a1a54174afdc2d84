"""Listing the days of units to be summed: a thousand units at a time, a day after another."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.db import is_postgresql
from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.models.unit_day import ALL_HOURS, Summing, UnitDay
from traceapp.rules.hour import midnight

#: A day is listed so long after it ended: most of what comes late has come.
RIPE_AFTER = timedelta(days=2)
#: The first listing begins with the oldest stay of a lot, but goes back no further.
_FURTHEST = timedelta(days=3_650)
_MOST_UNITS = 1_000
_DAY = timedelta(days=1)
_ID = 1


def list_days(session: Session, now: datetime, most: int = _MOST_UNITS) -> bool:
    """List some units' days, or go on to the next day; False where nothing is left to list.

    Nothing is listed before all that is listed was summed.
    """
    if session.scalar(select(UnitDay.unit_id).where(UnitDay.stale_hours != 0).limit(1)):
        return False
    ripe = (now - RIPE_AFTER).date()
    row = session.scalar(select(Summing).with_for_update(skip_locked=True))
    if row is None:
        return _begin(session, now, ripe)
    if row.listed_unit_id is None:
        if row.until_on >= ripe:
            return False
        row.until_on, row.listed_unit_id = row.until_on + _DAY, 0
    else:
        row.listed_unit_id = _list(session, row.until_on - _DAY, row.listed_unit_id, most)
    row.fence = None if is_postgresql(session) else 0
    session.flush()
    return True


def _begin(session: Session, now: datetime, ripe: date) -> bool:
    """Note with which day it begins; whether there is none yet."""
    eldest = session.scalar(select(func.min(Stay.from_at)))
    first = ripe if eldest is None else max(eldest, now - _FURTHEST).date()
    values = {"id": _ID, "until_on": min(first, ripe), "listed_unit_id": None, "fence": None}
    begun = insert(session, Summing).values(values).on_conflict_do_nothing()
    return session.execute(begun.returning(Summing.id)).first() is not None


def _list(session: Session, day: date, after_id: int, most: int) -> int | None:
    """List the day of units that were measured in it; returns the last unit looked at."""
    begins = midnight(day)
    units = select(Unit.id).where(Unit.id > after_id).order_by(Unit.id).limit(most).subquery("some")
    last, count = session.execute(select(func.max(units.c.id), func.count(units.c.id))).one()
    if not count:
        return None
    was_measured = (
        select(Attachment.id)
        .join(Reading, Reading.sensor_id == Attachment.sensor_id)
        .where(Attachment.unit_id == Unit.id, Reading.at >= begins, Reading.at < begins + _DAY)
        .exists()
    )
    listed = select(
        Unit.id, literal(day), literal(ALL_HOURS), *[literal(0) for _ in range(5)]
    ).where(Unit.id > after_id, Unit.id <= last, was_measured)
    names = ["unit_id", "measured_on", "stale_hours", "observed_us", "degree_minutes"]
    names += ["kinetic_sum", "vvm2_minutes", "vvm_minutes"]
    rows = insert(session, UnitDay).from_select(names, listed.order_by(Unit.id))
    session.execute(rows.on_conflict_do_nothing())
    return None if count < most else last
