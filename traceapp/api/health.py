"""`/healthz` and `/readyz`: alive, and able to work. Open to everybody; they tell no secrets."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, jsonify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Settings
from traceapp.access.guard import public
from traceapp.capture.heartbeat import beat
from traceapp.db import trouble_of
from traceapp.doors import Doors, doors
from traceapp.models.heartbeat import Heartbeat
from traceapp.models.movement import Movement
from traceapp.models.reading import Reading
from traceapp.models.sensor import Sensor
from traceapp.trace.recipient import is_any_under_another_key
from traceapp.trace.vitals import vitals

blueprint = Blueprint("health", __name__)
_BROKER_PATIENCE_S = 2.0
_BEAT_EVERY = timedelta(seconds=5)
_TOLD = (
    "ingest",
    "partitions",
    "sites_not_heard",
    "alerts",
    "mail",
    "clock",
    "outbox_waiting",
    "outbox_oldest_seconds",
)


@blueprint.get("/healthz")
@public
def healthz() -> Any:
    """Say that the process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> Any:
    """Say whether the parts can work, and in sentences what is wrong.

    503 when the database or the broker cannot be had; other troubles are told with a 200, because
    this process answers all the same.
    """
    parts = doors()
    broker = broker_state(parts.settings)
    document: dict[str, Any] = {"database": "ok", "broker": broker, "last_commit_age_seconds": None}
    troubles = ["The broker cannot be reached."] if broker == "unreachable" else []
    try:
        with parts.database.read() as session:
            last = last_commit_at(session)
            found = vitals(session, parts.clock())
            is_sealed_away = is_any_under_another_key(session, parts.vault.key_ids)
        show_sign_of_life(parts)
    except SQLAlchemyError as error:
        document["database"] = trouble_of(error)
        troubles.append(f"The database is {document['database']}.")
    else:
        troubles += found.troubles
        if is_sealed_away:
            troubles.append("Recipients are sealed under a key that is not among ours.")
        if last is not None:
            age = (parts.clock() - last).total_seconds()
            document["last_commit_age_seconds"] = round(max(age, 0.0), 3)
        document |= {name: getattr(found, name) for name in _TOLD}
    is_ready = document["database"] == "ok" and broker != "unreachable"
    document["troubles"] = troubles
    document["status"] = ("degraded" if troubles else "ok") if is_ready else "unavailable"
    return jsonify(document), 200 if is_ready else 503


def show_sign_of_life(parts: Doors) -> None:
    """Write a row every few seconds: a database that is full still answers questions."""
    now = parts.clock()
    with parts.database.read() as session:
        last = session.scalar(select(Heartbeat.at).where(Heartbeat.process == "web"))
    if last is None or not last <= now < last + _BEAT_EVERY:
        with parts.database.begin() as session:
            beat(session, "web", now, {"kind": "web"})


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
