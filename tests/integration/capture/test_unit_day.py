"""Days of units written in bulk are read as they were made."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from traceapp.capture.unit_day import day_of, write_days
from traceapp.db import Database
from traceapp.models.unit import Unit
from traceapp.models.unit_day import UnitDay
from traceapp.rules.hour import HOUR_US, Part, Sums, sum_parts, unpack_hours

DAY = date(2021, 5, 9)


def test_days_that_were_written_in_bulk_are_read_as_they_were_made(database: Database) -> None:
    hours = [sum_parts([Part(c / 10, c / 10 + 1, HOUR_US)], limits=[2.0]) for c in range(15, 38)]
    row, empty = day_of([*hours, Sums()]), day_of([Sums()] * 24)
    with database.begin() as session:
        [unit] = session.scalars(select(Unit.id).where(Unit.code == "FRIDGE"))
        days = [
            (unit, DAY + timedelta(number), empty if number == 7 else row) for number in range(9)
        ]
        assert write_days(session, days) == 9
    with database.read() as session:
        kept = session.scalars(select(UnitDay).order_by(UnitDay.measured_on)).all()
    assert [(one.unit_id, one.measured_on) for one in kept] == [days[n][:2] for n in range(9)]
    for number, one in enumerate(kept):
        said = {name: getattr(one, name) for name in row}
        assert said == (empty if number == 7 else row)
    assert unpack_hours(kept[0].hours or b"", kept[0].detail) == [*hours, Sums()]
    assert kept[0].observed_us == 23 * HOUR_US
    assert (kept[0].min_celsius, kept[0].max_celsius) == (1.5, 4.7)
