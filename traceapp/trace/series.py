"""A unit's temperatures over time, thinned without losing an extreme."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Run
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.unit import Unit
from traceapp.trace.excursion import Wanted, list_excursions
from traceapp.trace.measured import Stretch, measured
from traceapp.trace.scope import Scope
from traceapp.watch.profile import load_profiles


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
    stretches = _stretches(session, unit.id, from_at, until_at)
    found = _excursions(session, unit_code, from_at, until_at)
    return {
        "unit": unit_code,
        "from": from_at,
        "to": until_at,
        "points": [point._asdict() for point in measured(session, stretches, points)],
        "limits": _limits(session, unit.id, until_at),
        "excursions": [one for one in found if one["side"] != "silence"],
        "silences": _silences(session, unit.id, from_at, until_at),
    }


def _stretches(
    session: Session, unit_id: int, from_at: datetime, until_at: datetime
) -> list[Stretch]:
    """When which sensor stood in the unit, within [from, until)."""
    rows = session.execute(
        select(Sensor.id, Sensor.code, Attachment.from_at, Attachment.until_at)
        .join(Attachment, Attachment.sensor_id == Sensor.id)
        .where(
            Attachment.unit_id == unit_id,
            or_(Attachment.from_at.is_(None), Attachment.from_at < until_at),
            or_(Attachment.until_at.is_(None), Attachment.until_at > from_at),
        )
        .order_by(Sensor.code, Attachment.id)
    )
    return [
        Stretch(sensor_id, code, max(since or from_at, from_at), min(until or until_at, until_at))
        for sensor_id, code, since, until in rows
    ]


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
