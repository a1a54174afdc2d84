"""A fleet for a benchmark: a refrigerator with a sensor each, registered in bulk."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from schemas.registry import KINDS
from traceapp.bench.publisher import SITE, sensor_code
from traceapp.capture.registry import register
from traceapp.db import open_database
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.unit import Unit, UnitProfile
from traceapp.schema import upgrade_database

INTERVAL_S = 60
_SITE = {"code": SITE, "name": SITE, "type": "clinic", "division": "451481"}
_CHUNK = 10_000


def prepare(url: str, sensors: int) -> None:
    """The tables, and a refrigerator for each sensor: the first is registered, the rest copied."""
    upgrade_database(url)
    database = open_database(url)
    now = datetime.now(UTC)
    with database.begin() as session:
        register(session, "site", KINDS["site"]().load(_SITE), now)
        register_one(session, 0, now)
    for start in range(1, sensors, _CHUNK):
        with database.begin() as session:
            copy_first(session, range(start, min(start + _CHUNK, sensors)))
    database.close()


def register_one(session: Session, number: int, now: datetime) -> None:
    """Register a refrigerator and its sensor as anybody would."""
    code = sensor_code(number)
    unit = {"code": code, "site": SITE, "name": code, "type": "refrigerator"}
    register(session, "unit", KINDS["unit"]().load(unit), now)
    sensor = {"code": code, "unit": code, "interval_s": INTERVAL_S}
    register(session, "sensor", KINDS["sensor"]().load(sensor), now)


def copy_first(session: Session, numbers: range) -> None:
    """Make the rest like the first: the same rows that registering each would write."""
    unit = session.scalars(select(Unit).order_by(Unit.id).limit(1)).first()
    rules = session.scalars(select(UnitProfile).order_by(UnitProfile.id).limit(1)).first()
    sensor = session.scalars(select(Sensor).order_by(Sensor.id).limit(1)).first()
    assert unit is not None
    assert rules is not None
    assert sensor is not None
    codes = [sensor_code(number) for number in numbers]
    made = [
        {"code": code, "name": code, "site_id": unit.site_id, "type": unit.type} for code in codes
    ]
    unit_ids = session.scalars(insert(Unit).returning(Unit.id, sort_by_parameter_order=True), made)
    units = unit_ids.all()
    profiles = [{"unit_id": unit_id, "profile": rules.profile} for unit_id in units]
    session.execute(insert(UnitProfile), profiles)
    heard = [
        {"code": code, "interval_s": sensor.interval_s, "is_registered": True} for code in codes
    ]
    sensor_ids = session.scalars(
        insert(Sensor).returning(Sensor.id, sort_by_parameter_order=True), heard
    ).all()
    stood = [
        {"sensor_id": sensor_id, "unit_id": unit_id}
        for sensor_id, unit_id in zip(sensor_ids, units, strict=True)
    ]
    session.execute(insert(Attachment), stood)
