"""Whether a sensor's device is online, as its broker session says."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from traceapp.capture.reading import know_sensors
from traceapp.models.sensor import Sensor


def record_status(session: Session, sensor: str, status: str, now: datetime) -> None:
    """Note the newest `online` or `offline` of a sensor."""
    sensor_id = know_sensors(session, {sensor})[sensor]
    session.execute(
        update(Sensor).where(Sensor.id == sensor_id).values(status=status, status_at=now)
    )
