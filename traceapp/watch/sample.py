"""Stored readings as the rules see them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, Subquery, bindparam, select, true
from sqlalchemy.orm import Session, aliased

from schemas.reading import Reading as Said
from traceapp.db import is_postgresql
from traceapp.models.reading import Reading
from traceapp.models.sensor import Sensor
from traceapp.rows import among, pairs_in, spell_pairs
from traceapp.rules.sample import Sample

_CHUNK = 2_000
_FEW = 10
#: How far neighbours are looked for, so that PostgreSQL looks into few months.
NEAR = timedelta(days=7)


def _columns(reading: Any) -> tuple[Any, ...]:
    """The fields of a Sample, as columns."""
    return tuple(getattr(reading, name) for name in Sample._fields)


_COLUMNS = _columns(Reading)


def sample_of(reading: Said, received_at: datetime) -> Sample:
    """A reading as the rules see it."""
    return Sample(
        reading.at,
        reading.celsius,
        reading.power,
        reading.door_open,
        reading.is_implausible,
        reading.battery,
        reading.seq,
        reading.boot,
        received_at,
    )


def newest_at() -> ScalarSelect[datetime]:
    """When each sensor of a query was usably heard last; its key answers that alone."""
    heard = aliased(Reading)
    return (
        select(heard.at)
        .where(heard.sensor_id == Sensor.id, ~heard.is_implausible)
        .order_by(heard.at.desc())
        .limit(1)
        .correlate(Sensor)
        .scalar_subquery()
    )


def newest_reading(session: Session) -> tuple[type[Reading], ColumnElement[bool]]:
    """What to join `Sensor` with, and on what, to have its newest usable reading.

    PostgreSQL would look for it once in every month; SQLite has no LATERAL, and no months.
    """
    if not is_postgresql(session):
        return Reading, (Reading.sensor_id == Sensor.id) & (Reading.at == newest_at())
    newest = (
        select(Reading)
        .where(Reading.sensor_id == Sensor.id, ~Reading.is_implausible)
        .order_by(Reading.at.desc())
        .limit(1)
        .correlate(Sensor)
        .lateral("newest")
    )
    return aliased(Reading, newest), true()


def newest_of_all(session: Session, sensor_ids: Collection[int]) -> dict[int, datetime]:
    """The moment of each sensor's newest reading, usable or not."""
    at = (
        select(Reading.at)
        .where(Reading.sensor_id == Sensor.id)
        .order_by(Reading.at.desc())
        .limit(1)
        .correlate(Sensor)
        .scalar_subquery()
    )
    wanted = select(Sensor.id, at).where(among(session, Sensor.id, sensor_ids))
    heard: list[tuple[int, datetime | None]] = [(row[0], row[1]) for row in session.execute(wanted)]
    return {sensor_id: moment for sensor_id, moment in heard if moment is not None}


def newest_samples(session: Session, sensor_ids: Collection[int]) -> dict[int, Sample]:
    """The newest usable reading of each sensor that has one."""
    reading, is_newest = newest_reading(session)
    rows = session.execute(
        select(Sensor.id, *_columns(reading))
        .join(reading, is_newest)
        .where(among(session, Sensor.id, sensor_ids))
    )
    return {sensor_id: Sample(*measured) for sensor_id, *measured in rows}


class Neighbours(NamedTuple):
    """The usable readings around a moment, and whether a reading of that moment is stored."""

    before: Sample
    after: Sample
    is_stored: bool


def neighbours(
    session: Session, keys: Collection[tuple[int, datetime]]
) -> dict[tuple[int, datetime], Neighbours]:
    """What lies around each (sensor id, moment), as far as NEAR; only where there is
    something on either side.
    """
    told = spell_pairs(session, Reading.sensor_id, Reading.at, keys)
    told["earliest"] = min(at for _, at in keys) - NEAR
    told["latest"] = max(at for _, at in keys) + NEAR
    rows = session.execute(_asking_neighbours(is_postgresql(session)), told)
    size = len(_COLUMNS)
    return {
        (sensor_id, at): Neighbours(Sample(*found[:size]), Sample(*found[size:]), is_stored)
        for sensor_id, at, is_stored, *found in rows
    }


@lru_cache
def _asking_neighbours(is_on_postgresql: bool) -> Select[Any]:
    """The query, made once: making it anew costs more than running it."""
    here = pairs_in(is_on_postgresql, Reading.sensor_id, Reading.at)
    before, is_before = _nearest(here, is_on_postgresql, is_later=False)
    after, is_after = _nearest(here, is_on_postgresql, is_later=True)
    there = aliased(Reading)
    is_stored = (
        select(there.sensor_id)
        .where(there.sensor_id == here.c.first, there.at == here.c.second)
        .exists()
    )
    return (
        select(here.c.first, here.c.second, is_stored, *_columns(before), *_columns(after))
        .join_from(here, before, is_before)
        .join(after, is_after)
    )


def _nearest(here: Subquery, is_on_postgresql: bool, *, is_later: bool) -> tuple[Any, Any]:
    """What to join `here` with, and on what, to have the next usable reading on one side."""
    near = aliased(Reading)
    order = near.at.asc() if is_later else near.at.desc()
    wanted = select(near).where(
        near.sensor_id == here.c.first,
        ~near.is_implausible,
        near.at > here.c.second if is_later else near.at < here.c.second,
        near.at <= bindparam("latest") if is_later else near.at >= bindparam("earliest"),
    )
    wanted = wanted.order_by(order).limit(1).correlate(here)
    if is_on_postgresql:
        return aliased(Reading, wanted.lateral()), true()
    found = aliased(Reading)
    at = wanted.with_only_columns(near.at).scalar_subquery()
    return found, (found.sensor_id == here.c.first) & (found.at == at)


def newest_before(session: Session, sensor_id: int, moment: datetime) -> Sample | None:
    """The newest usable reading of a sensor before a moment."""
    row = session.execute(
        select(*_COLUMNS)
        .where(Reading.sensor_id == sensor_id, Reading.at < moment, ~Reading.is_implausible)
        .order_by(Reading.at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Sample(*row)


def samples_before(session: Session, sensor_id: int, moment: datetime) -> Iterator[Sample]:
    """The usable readings of a sensor before a moment, the newest first, as they are asked for."""
    chunk = _FEW
    while True:
        rows = session.execute(
            select(*_COLUMNS)
            .where(Reading.sensor_id == sensor_id, Reading.at < moment, ~Reading.is_implausible)
            .order_by(Reading.at.desc())
            .limit(chunk)
        ).all()
        for row in rows:
            yield Sample(*row)
        if len(rows) < chunk:
            return
        moment, chunk = rows[-1].at, _CHUNK


def samples(session: Session, sensor_id: int, since: datetime, until: datetime) -> Iterator[Sample]:
    """All readings of a sensor in [since, until), ascending, fetched as they are asked for."""
    bound = Reading.at >= since
    while True:
        rows = session.execute(
            select(*_COLUMNS)
            .where(Reading.sensor_id == sensor_id, bound, Reading.at < until)
            .order_by(Reading.at)
            .limit(_CHUNK)
        ).all()
        for row in rows:
            yield Sample(*row)
        if len(rows) < _CHUNK:
            return
        bound = Reading.at > rows[-1].at
