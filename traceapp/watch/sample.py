"""Stored readings as the rules see them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session, aliased

from traceapp.db import among
from traceapp.models.reading import Reading
from traceapp.models.sensor import Sensor
from traceapp.rules.sample import Sample

_CHUNK = 2_000
_COLUMNS = (
    Reading.at,
    Reading.celsius,
    Reading.power,
    Reading.door_open,
    Reading.is_implausible,
    Reading.battery,
    Reading.seq,
    Reading.boot,
    Reading.received_at,
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


def newest_samples(session: Session, sensor_ids: Collection[int]) -> dict[int, Sample]:
    """The newest usable reading of each sensor that has one."""
    rows = session.execute(
        select(Sensor.id, *_COLUMNS)
        .join(Reading, (Reading.sensor_id == Sensor.id) & (Reading.at == newest_at()))
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
