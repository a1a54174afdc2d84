"""A probe whose value stays while another sensor of its unit moves is stuck."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment
from traceapp.rules.run import Run


def confirmed(session: Session, unit_id: int, runs: Iterable[tuple[int, Run]]) -> list[Run]:
    """The runs, each given with its sensor, that may count as an excursion of the unit.

    An unchanged value triggers once it has lasted its minutes and a neighbour has moved by the
    rule's limit between its first and its newest reading; where none has, it does not.
    """
    counted: list[Run] = []
    for sensor_id, run in runs:
        if run.rule.side == "stuck" and run.triggered_at is not None:
            moved_at = _moved_at(session, unit_id, sensor_id, run)
            run.triggered_at = moved_at and max(moved_at, run.triggered_at)
        counted.append(run)
    return counted


def _moved_at(session: Session, unit_id: int, sensor_id: int, run: Run) -> datetime | None:
    """When one other sensor of the unit had first ranged over the limit during a run."""
    limit = run.rule.limit or 0.0
    meanwhile = (
        Attachment.unit_id == unit_id,
        Attachment.sensor_id != sensor_id,
        or_(Attachment.from_at.is_(None), Attachment.from_at <= Reading.at),
        or_(Attachment.until_at.is_(None), Attachment.until_at > Reading.at),
        Reading.at >= run.started_at,
        Reading.at <= run.heard_at,
        ~Reading.is_implausible,
    )
    is_neighbour = Attachment.sensor_id == Reading.sensor_id
    moving = session.scalars(
        select(Reading.sensor_id)
        .join(Attachment, is_neighbour)
        .where(*meanwhile)
        .group_by(Reading.sensor_id)
        .having(func.max(Reading.celsius) - func.min(Reading.celsius) >= limit)
    ).all()
    if not moving:
        return None
    readings = (
        select(Reading.sensor_id, Reading.at, Reading.celsius)
        .join(Attachment, is_neighbour)
        .where(*meanwhile, Reading.sensor_id.in_(moving))
        .order_by(Reading.at)
        .execution_options(yield_per=500)
    )
    with session.execute(readings) as rows:
        return _first_over(rows, limit)


def _first_over(readings: Iterable[Any], limit: float) -> datetime | None:
    """The moment by which one of the sensors has ranged over the limit."""
    seen: dict[int, tuple[float, float]] = {}
    for sensor_id, at, celsius in readings:
        low, high = seen.get(sensor_id, (celsius, celsius))
        low, high = seen[sensor_id] = min(low, celsius), max(high, celsius)
        if high - low >= limit:
            moment: datetime = at
            return moment
    return None
