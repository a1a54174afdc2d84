"""Noticing silence: it must open while nothing arrives, by the clock.

An ingester that knows its sensors by heart knows who is silent without asking. The database is
asked only for the sensors that no living ingester knows.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, true
from sqlalchemy.orm import Session

from traceapp.capture.judging import judge_silence
from traceapp.capture.lease import moment_of_leases
from traceapp.capture.memory import Memory
from traceapp.models.base import microseconds
from traceapp.models.excursion import Run
from traceapp.models.partition import Partition
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rows import among
from traceapp.rules.judging import Pace
from traceapp.watch.post import load_posts
from traceapp.watch.sample import newest_at

#: An ingester without a sign of life for so long after its lease notices nothing any more.
_GRACE = timedelta(minutes=5)
#: A million sensors are asked for so many at a time.
_ROWS = 10_000


def find_silent(session: Session, now: datetime, memory: Memory | None = None) -> array[int]:
    """The sensors that may have been silent too long, of those that nobody else knows by heart.

    A caller with a `memory` must clear it when the transaction fails.
    """
    if memory is None or not memory.refresh(session):
        return array("q", _silent_sensors(session, now))
    silent = array("q", memory.silent_by(microseconds(now)))
    silent.extend(_silent_sensors(session, now, ~_is_known(session, now)))
    return silent


def open_silences(
    session: Session,
    sensor_ids: Collection[int],
    now: datetime,
    is_theirs: Callable[[str], bool] | None = None,
    memory: Memory | None = None,
) -> int:
    """Open an episode for each of these sensors that is silent; returns how many.

    It may have spoken since it was found, and somebody else may have opened the episode.
    Sensors at sites of which `is_theirs` holds are left to whoever hears them.
    """
    late = list(sensor_ids)
    if is_theirs and late:
        late = _leave_out(session, late, now, is_theirs)
        if memory is not None:
            known = {sensor_id for sensor_id in sensor_ids if memory.knows(sensor_id)}
            memory.let_go(session, known - set(late))
    if not late:
        return 0
    posts = load_posts(session, late)
    current = [post for held in posts.values() for post in held if post.covers(now)]
    return judge_silence(session, current, now)


def _is_known(session: Session, now: datetime) -> ColumnElement[bool]:
    """The condition that an ingester that lives knows a sensor by heart, and notices for itself."""
    since = moment_of_leases(session, now) - _GRACE
    living = select(Partition.id).where(Partition.held_until > since)
    return func.coalesce(Sensor.remembered_by.in_(session.scalars(living).all()), false())


def _silent_sensors(
    session: Session, now: datetime, is_asked: ColumnElement[bool] | None = None
) -> Iterator[int]:
    is_noticed = (
        select(Run.id)
        .where(Run.sensor_id == Sensor.id, Run.rule == "silence", Run.ended_at.is_(None))
        .exists()
    )
    asked = select(Sensor.id, Sensor.interval_s, Sensor.silence_s, newest_at()).where(
        Sensor.is_registered, ~is_noticed, true() if is_asked is None else is_asked
    )
    rows: Any = session.execute(asked.execution_options(yield_per=_ROWS))
    for sensor_id, interval_s, silence_s, heard_at in rows:
        if heard_at and now - heard_at > Pace.of(interval_s, silence_s).silence:
            yield sensor_id


def _leave_out(
    session: Session, sensor_ids: Collection[int], now: datetime, is_theirs: Callable[[str], bool]
) -> list[int]:
    """The sensors that do not stand at a site of somebody else's now."""
    standing = (
        select(Attachment.sensor_id, Site.code)
        .join(Unit, Unit.id == Attachment.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(
            among(session, Attachment.sensor_id, sensor_ids),
            Attachment.from_at.is_(None) | (Attachment.from_at <= now),
            Attachment.until_at.is_(None) | (Attachment.until_at > now),
        )
    )
    return [sensor_id for sensor_id, site in session.execute(standing) if not is_theirs(site)]
