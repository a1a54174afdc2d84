"""`/healthz` and `/readyz`: alive, and able to work. Open to everybody; they tell no secrets."""

from __future__ import annotations

import socket
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Settings
from traceapp.access.guard import public
from traceapp.doors import doors
from traceapp.models.movement import Movement
from traceapp.models.reading import Reading
from traceapp.models.sensor import Sensor

blueprint = Blueprint("health", __name__)
_BROKER_PATIENCE_S = 2.0


@blueprint.get("/healthz")
@public
def healthz() -> Any:
    """Say that the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> Any:
    """Say whether the database and the broker can be reached, and how old the last commit is."""
    parts = doors()
    broker = broker_state(parts.settings)
    document: dict[str, Any] = {"database": "ok", "broker": broker, "last_commit_age_seconds": None}
    try:
        with parts.database.read() as session:
            last = last_commit_at(session)
    except SQLAlchemyError:
        document["database"] = "unreachable"
    else:
        if last is not None:
            age = (parts.clock() - last).total_seconds()
            document["last_commit_age_seconds"] = round(max(age, 0.0), 3)
    is_ready = document["database"] == "ok" and broker != "unreachable"
    document["status"] = "ok" if is_ready else "unavailable"
    return jsonify(document), 200 if is_ready else 503


def broker_state(settings: Settings) -> str:
    """Return `ok`, `unreachable`, or `none` where no broker is set."""
    if not settings.broker_url:
        return "none"
    address = settings.broker
    try:
        with socket.create_connection((address.host, address.port), _BROKER_PATIENCE_S):
            return "ok"
    except OSError:
        return "unreachable"


def last_commit_at(session: Session) -> datetime | None:
    """Return when the newest reading or movement was stored.

    Each sensor is asked for its newest reading alone, which the key answers; the newest of all
    would be searched among every reading there is.
    """
    newest_of_sensor = (
        select(Reading.received_at)
        .where(Reading.sensor_id == Sensor.id)
        .order_by(Reading.at.desc())
        .limit(1)
        .correlate(Sensor)
        .scalar_subquery()
    )
    moments = session.scalars(select(newest_of_sensor).select_from(Sensor)).all()
    movement = session.scalar(select(Movement.recorded_at).order_by(Movement.id.desc()).limit(1))
    return max((moment for moment in (*moments, movement) if moment is not None), default=None)
