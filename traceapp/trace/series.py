"""A unit's temperatures over time, thinned without losing an extreme."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Run
from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.unit import Unit
from traceapp.trace.excursion import Wanted, list_excursions
from traceapp.trace.scope import Scope
from traceapp.watch.profile import load_profiles


class Point(NamedTuple):
    """One measured value."""

    at: datetime
    celsius: float
    sensor: str


def unit_series(
    session: Session,
    unit_code: str,
    from_at: datetime,
    until_at: datetime,
    points: int = 1_000,
) -> dict[str, Any] | None:
    """The `series` of the contract for [from_at, until_at); None for an unknown unit."""
    unit = session.scalar(select(Unit).where(Unit.code == unit_code))
    if unit is None:
        return None
    found = _excursions(session, unit_code, from_at, until_at)
    return {
        "unit": unit_code,
        "from": from_at,
        "to": until_at,
        "points": [
            point._asdict() for point in thin(_points(session, unit.id, from_at, until_at), points)
        ],
        "limits": _limits(session, unit.id, until_at),
        "excursions": [one for one in found if one["side"] != "silence"],
        "silences": _silences(session, unit.id, from_at, until_at),
    }


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most `most` points (never fewer than four a sensor) that keep every extreme.

    Each sensor's share of buckets keeps its first, lowest, highest and last value, so no
    bucket hides an excursion.
    """
    if len(points) <= most:
        return list(points)
    by_sensor: dict[str, list[Point]] = {}
    for point in points:
        by_sensor.setdefault(point.sensor, []).append(point)
    kept: list[Point] = []
    for own in by_sensor.values():
        share = most * len(own) // len(points)
        kept += _thin_one(own, max(share // 4, 1))
    return sorted(kept, key=lambda point: (point.at, point.sensor))


def _thin_one(points: Sequence[Point], buckets: int) -> list[Point]:
    if len(points) <= buckets * 4:
        return list(points)
    kept: list[Point] = []
    for bucket in range(buckets):
        start = bucket * len(points) // buckets
        end = (bucket + 1) * len(points) // buckets
        part = points[start:end]
        lowest = min(part, key=lambda point: point.celsius)
        highest = max(part, key=lambda point: point.celsius)
        kept += sorted({part[0], lowest, highest, part[-1]}, key=lambda point: point.at)
    return kept


def _points(session: Session, unit_id: int, from_at: datetime, until_at: datetime) -> list[Point]:
    rows = session.execute(
        select(Reading.at, Reading.celsius, Sensor.code)
        .join(Sensor, Sensor.id == Reading.sensor_id)
        .join(Attachment, Attachment.sensor_id == Sensor.id)
        .where(
            Attachment.unit_id == unit_id,
            Reading.at >= from_at,
            Reading.at < until_at,
            ~Reading.is_implausible,
            or_(Attachment.from_at.is_(None), Attachment.from_at <= Reading.at),
            or_(Attachment.until_at.is_(None), Attachment.until_at > Reading.at),
        )
        .order_by(Reading.at, Sensor.code)
    )
    return [Point(*row) for row in rows]


def _limits(session: Session, unit_id: int, at: datetime) -> dict[str, float | None]:
    """The nearest limits that held for the unit just before `at`, °C."""
    held = load_profiles(session, [unit_id]).get(unit_id, [])
    rules = [rule for one in held if one.from_at < at <= one.until_at for rule in one.profile.rules]
    above = [rule.limit for rule in rules if rule.side == "above" and rule.limit is not None]
    below = [rule.limit for rule in rules if rule.side == "below" and rule.limit is not None]
    return {"min_celsius": max(below, default=None), "max_celsius": min(above, default=None)}


def _excursions(
    session: Session, unit_code: str, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    wanted = Wanted(unit=unit_code, from_at=from_at, until_at=until_at)
    page = list_excursions(session, Scope(), wanted, limit=500)
    found: list[dict[str, Any]] = page["items"]
    return found


def _silences(
    session: Session, unit_id: int, from_at: datetime, until_at: datetime
) -> list[dict[str, Any]]:
    runs = session.scalars(
        select(Run)
        .where(
            Run.unit_id == unit_id,
            Run.rule == "silence",
            Run.started_at < until_at,
            or_(Run.ended_at.is_(None), Run.ended_at > from_at),
        )
        .order_by(Run.started_at)
    )
    return [{"from": run.started_at, "until": run.ended_at} for run in runs]
