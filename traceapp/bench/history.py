"""A fleet with a past: many readings, written as fast as a database takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from schemas.registry import KINDS
from traceapp.bench.servers import Programs, start_postgresql
from traceapp.capture.month import make_months
from traceapp.capture.registry import register
from traceapp.db import Database, is_postgresql, open_database
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit, UnitProfile
from traceapp.schema import upgrade_database

INTERVAL = timedelta(minutes=10)
_SITE = {"code": "BENCH", "name": "BENCH", "type": "clinic", "division": "451481"}
_CHUNK = 500_000
#: In the order in which they come: every sensor once a tick, in its own second. All of them stay
#: between 4 and 6 °C, so that there is nothing to judge.
_FILL = """
INSERT INTO reading (sensor_id, at, celsius, received_at, is_implausible)
WITH RECURSIVE tick(number) AS (
  SELECT {first} UNION ALL SELECT number + 1 FROM tick WHERE number < {last}
)
SELECT id, {at}, (40 + (id * 7919 + number * 10477) % 21) / 10.0, {at}, false
FROM tick CROSS JOIN sensor ORDER BY number, id
"""
_AT_POSTGRESQL = "to_timestamp({begin} + number * {every} + id % {every})"
_AT_SQLITE = "({begin} + number * {every} + id % {every}) * 1000000"


@dataclass(frozen=True, slots=True)
class History:
    """A database with `sensors` sensors, `probes` of them in each unit, since `begin`."""

    database: Database
    sensors: int
    begin: datetime

    def tick(self, number: int) -> datetime:
        """The moment at which the sensors speak for the n-th time."""
        return self.begin + number * INTERVAL

    def at(self, sensor_id: int, tick: int) -> datetime:
        """When a sensor speaks in a tick."""
        return self.tick(tick) + timedelta(seconds=sensor_id % int(INTERVAL.total_seconds()))


@contextmanager
def new_database(kind: str, folder: Path, begin: datetime, now: datetime) -> Iterator[Database]:
    """A private database whose months reach back to `begin`."""
    with Programs() as programs:
        if kind == "postgresql":
            url = start_postgresql(programs, folder)
        else:
            url = f"sqlite:///{folder / 'traceapp.db'}"
        upgrade_database(url, begin)
        database = open_database(url)
        with database.begin() as session:
            make_months(session, now)
        yield database
        database.close()


def register_fleet(database: Database, sensors: int, probes: int, begin: datetime) -> History:
    """Register sensors 1 to `sensors`; sensor n stands in unit (n - 1) // probes + 1."""
    now = datetime.now(UTC)
    ids = range(1, sensors + 1)
    units = range(1, (sensors - 1) // probes + 2)
    with database.begin() as session:
        register(session, "site", KINDS["site"]().load(_SITE), now)
        site_id = session.scalars(select(Site.id)).one()
        rows: dict[type, list[dict[str, object]]] = {
            Unit: [
                {"id": n, "code": unit_code(n), "site_id": site_id, "name": unit_code(n),
                 "type": "refrigerator"}
                for n in units
            ],
            UnitProfile: [{"unit_id": n, "profile": "cn-fridge"} for n in units],
            Sensor: [{"id": n, "code": sensor_code(n), "is_registered": True} for n in ids],
            Attachment: [{"sensor_id": n, "unit_id": (n - 1) // probes + 1} for n in ids],
        }  # fmt: skip
        for model, content in rows.items():
            session.execute(insert(model), content)
    return History(database, sensors, begin)


def unit_code(number: int) -> str:
    """The code of a unit of the fleet."""
    return f"U{number:06}"


def sensor_code(number: int) -> str:
    """The code of a sensor of the fleet."""
    return f"45-{number:06}"


def fill(history: History, first: int, last: int, tell: Callable[[int], None]) -> None:
    """Write the readings of ticks `first` to `last` - 1; `tell` hears how many were written."""
    step = max(_CHUNK // history.sensors, 1)
    for number in range(first, last, step):
        until = min(number + step, last)
        with history.database.begin() as session:
            session.execute(text(_fill(session, history, number, until - 1)))
        tell((until - number) * history.sensors)


def _fill(session: Session, history: History, first: int, last: int) -> str:
    moment = _AT_POSTGRESQL if is_postgresql(session) else _AT_SQLITE
    every = int(INTERVAL.total_seconds())
    at = moment.format(begin=int(history.begin.timestamp()), every=every)
    return _FILL.format(first=first, last=last, at=at)
