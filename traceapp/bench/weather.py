"""How warm it was in a province: a year of days as sums, the last month of it as readings.

Every unit lives the same calm day, between 4 and 6 °C, but one cold room for twelve hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from traceapp.bench.province import Province
from traceapp.capture.judging import judge_sensors
from traceapp.capture.listing import RIPE_AFTER
from traceapp.capture.unit_day import day_of, write_days
from traceapp.db import Database, is_postgresql
from traceapp.models.base import microseconds
from traceapp.models.excursion import Excursion
from traceapp.models.reading import Reading
from traceapp.models.sensor import Sensor
from traceapp.models.stay import Stay
from traceapp.models.unit_day import Summing
from traceapp.rules.exposure import Segment
from traceapp.rules.hour import sum_hours

_DAY = timedelta(days=1)
HOT_CELSIUS, HOT_HOURS = 11.0, 12
#: Limits at which it begins to matter to one of the products.
_LIMITS = (2.0, 8.0)
_FILL_POSTGRESQL = """
INSERT INTO reading (sensor_id, at, celsius, received_at, is_implausible)
SELECT sensor.id, tick.at, (40 + (:every * tick.number * 31) % 21) / 10.0, tick.at, false
FROM (
  SELECT number, :begin + number * make_interval(secs => :every) AS at
  FROM generate_series(0, 86400 / :every - 1) AS number
) AS tick CROSS JOIN sensor
WHERE sensor.interval_s = :every AND sensor.id = ANY(:sensors)
ORDER BY tick.at, sensor.id
"""
_FILL_SQLITE = """
INSERT INTO reading (sensor_id, at, celsius, received_at, is_implausible)
WITH RECURSIVE tick(number) AS (
  SELECT 0 UNION ALL SELECT number + 1 FROM tick WHERE number < 86400 / :every - 1
)
SELECT sensor.id, :begin + number * :every * 1000000, (40 + (:every * number * 31) % 21) / 10.0,
       :begin + number * :every * 1000000, false
FROM tick CROSS JOIN sensor
WHERE sensor.interval_s = :every AND sensor.id IN (SELECT value FROM json_each(:sensors))
ORDER BY number, sensor.id
"""


@dataclass(frozen=True, slots=True)
class Heat:
    """A unit that was too warm from a moment on."""

    unit_id: int
    began: datetime

    @property
    def ended(self) -> datetime:
        return self.began + timedelta(hours=HOT_HOURS)


def units_involved(database: Database) -> list[int]:
    """The units in which some lot lay or rode."""
    with database.read() as session:
        return sorted(session.scalars(select(Stay.unit_id).distinct()))


def fill_year(
    database: Database, province: Province, units: Sequence[int], heat: Heat, days: int
) -> int:
    """Write the sums of these units' days, as far as they are ripe at the end of the campaign."""
    with database.read() as session:
        rows = session.execute(select(Sensor.id, Sensor.interval_s)).all()
    interval = {row[0]: row[1] for row in rows}
    last = province.plan.until.date()
    calm = {every: _day(every, province.plan.until, None) for every in set(interval.values())}

    def told() -> Iterator[tuple[int, Any, Any]]:
        for back in range(days, RIPE_AFTER // _DAY, -1):
            day = last - back * _DAY
            for unit in units:
                is_hot = unit == heat.unit_id and day == heat.began.date()
                if is_hot:
                    midnight = province.plan.until - back * _DAY
                    yield unit, day, _day(interval[unit], midnight, heat)
                else:
                    yield unit, day, calm[interval[unit]]

    with database.begin() as session:
        session.add(Summing(id=1, until_on=last - RIPE_AFTER, fence=0))
        return write_days(session, told())


def fill_month(
    database: Database,
    province: Province,
    units: Sequence[int],
    heat: Heat,
    days: int,
    tell: Callable[[int], None],
) -> int:
    """Write the readings of the last `days` days, judge the warm unit; return how many."""
    written = 0
    for back in range(days, 0, -1):
        begin = province.plan.until - back * _DAY
        with database.begin() as session:
            for every in (300, 600):
                written += _fill_day(session, begin, every, units)
        tell(1)
    with database.begin() as session:
        is_hot = Reading.at >= heat.began, Reading.at < heat.ended
        session.execute(
            update(Reading)
            .where(Reading.sensor_id == heat.unit_id, *is_hot)
            .values(celsius=HOT_CELSIUS)
            .execution_options(synchronize_session=False)
        )
        judge_sensors(session, {heat.unit_id}, province.plan.until)
    return written


def _fill_day(session: Session, begin: datetime, every: int, units: Sequence[int]) -> int:
    told: dict[str, Any] = {"begin": begin, "every": every, "sensors": list(units)}
    query = _FILL_POSTGRESQL
    if not is_postgresql(session):
        query = _FILL_SQLITE
        told |= {"begin": microseconds(begin), "sensors": json.dumps(told["sensors"])}
    result: Any = session.execute(text(query), told)
    return int(result.rowcount)


def find_excursion(session: Session, heat: Heat) -> int:
    """The episode of the warm unit that is an alarm."""
    return session.scalars(
        select(Excursion.id).where(
            Excursion.unit_id == heat.unit_id, Excursion.level == "alarm", Excursion.rule == "hot"
        )
    ).one()


def _day(every: int, midnight: datetime, heat: Heat | None) -> Any:
    """What the sums say of a day of readings each `every` seconds."""
    step, segments = timedelta(seconds=every), []
    for number in range(86_400 // every):
        at = midnight + number * step
        celsius = (40 + (every * number * 31) % 21) / 10
        if heat is not None and heat.began <= at < heat.ended:
            celsius = HOT_CELSIUS
        segments.append(Segment(at, at + step, celsius, celsius))
    return day_of(sum_hours(segments, midnight, 24, _LIMITS))
