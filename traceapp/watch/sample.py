"""Stored readings as the rules see them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, select, true
from sqlalchemy.orm import Session, aliased

from traceapp.db import among, is_postgresql
from traceapp.models.reading import Reading
from traceapp.models.sensor import Sensor
from traceapp.rules.sample import Sample

_CHUNK = 2_000
_COLUMNS = tuple(getattr(Reading, name) for name in Sample._fields)


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


def newest_samples(session: Session, sensor_ids: Collection[int]) -> dict[int, Sample]:
    """The newest usable reading of each sensor that has one."""
    reading, is_newest = newest_reading(session)
    rows = session.execute(
        select(Sensor.id, *(getattr(reading, name) for name in Sample._fields))
        .join(reading, is_newest)
        .where(among(session, Sensor.id, sensor_ids))
    )
    return {sensor_id: Sample(*measured) for sensor_id, *measured in rows}


def newest_before(session: Session, sensor_id: int, moment: datetime) -> Sample | None:
    """The newest usable reading of a sensor before a moment."""
    row = session.execute(
        select(*_COLUMNS)
        .where(Reading.sensor_id == sensor_id, Reading.at < moment, ~Reading.is_implausible)
        .order_by(Reading.at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Sample(*row)


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
