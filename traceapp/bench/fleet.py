"""A fleet for a benchmark: a refrigerator with a sensor each, registered in bulk."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import between, insert, literal, select
from sqlalchemy.orm import Session

from schemas.registry import KINDS
from traceapp.bench.publisher import SITE, sensor_code
from traceapp.capture.registry import register
from traceapp.db import open_database
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.unit import Unit, UnitProfile
from traceapp.rows import pairs
from traceapp.schema import upgrade_database

INTERVAL_S = 60
DIVISION = "451481"
_SITE = {"code": SITE, "name": SITE, "type": "clinic", "division": DIVISION}
_CHUNK = 20_000


def prepare(url: str, sensors: int, interval_s: int = INTERVAL_S) -> None:
    """The tables, and a refrigerator for each sensor: the first is registered, the rest copied."""
    upgrade_database(url)
    database = open_database(url)
    now = datetime.now(UTC)
    with database.begin() as session:
        register(session, "site", KINDS["site"]().load(_SITE), now)
        register_one(session, 0, now, interval_s)
    for start in range(1, sensors, _CHUNK):
        with database.begin() as session:
            copy_first(session, range(start, min(start + _CHUNK, sensors)))
    database.close()


def register_one(
    session: Session, number: int, now: datetime, interval_s: int = INTERVAL_S
) -> None:
    """Register a refrigerator and its sensor as anybody would."""
    code = sensor_code(number)
    unit = {"code": code, "site": SITE, "name": code, "type": "refrigerator"}
    register(session, "unit", KINDS["unit"]().load(unit), now)
    sensor = {"code": code, "unit": code, "interval_s": interval_s}
    register(session, "sensor", KINDS["sensor"]().load(sensor), now)


def copy_first(session: Session, numbers: range) -> None:
    """Make the rest like the first: the same rows that registering each would write.

    Four statements, whatever the number: a million sensors take minutes otherwise.
    """
    unit = session.scalars(select(Unit).order_by(Unit.id).limit(1)).one()
    rules = session.scalars(select(UnitProfile).order_by(UnitProfile.id).limit(1)).one()
    sensor = session.scalars(select(Sensor).order_by(Sensor.id).limit(1)).one()
    codes = [sensor_code(number) for number in numbers]
    named = pairs(session, Unit.code, Unit.name, [(code, code) for code in codes])
    made = select(named.c.first, named.c.second, literal(unit.site_id), literal(unit.type))
    session.execute(insert(Unit).from_select(["code", "name", "site_id", "type"], made))
    units = select(Unit).where(between(Unit.code, codes[0], codes[-1])).subquery()
    session.execute(
        insert(UnitProfile).from_select(
            ["unit_id", "profile"], select(units.c.id, literal(rules.profile))
        )
    )
    heard = select(units.c.code, literal(sensor.interval_s), literal(True))
    session.execute(insert(Sensor).from_select(["code", "interval_s", "is_registered"], heard))
    stood = select(Sensor.id, units.c.id).join(units, units.c.code == Sensor.code)
    session.execute(insert(Attachment).from_select(["sensor_id", "unit_id"], stood))
