"""Days of units that were summed, as they are asked for; none where a row does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.rows import fetch
from traceapp.rules.hour import HOUR_US, Sums, unpack_hours

DAY = timedelta(days=1)
_DAY_US = 24 * HOUR_US
_TOTALS = (
    "observed_us, min_celsius, max_celsius, degree_minutes, kinetic_sum, vvm2_minutes, vvm_minutes"
)
_POSTGRESQL = (
    "SELECT unit_day.unit_id, measured_on, {} FROM unnest(CAST(:units AS integer[]),"
    " CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS wanted(unit_id, first_on, last_on)"
    " JOIN unit_day ON unit_day.unit_id = wanted.unit_id"
    " AND measured_on BETWEEN wanted.first_on AND wanted.last_on WHERE stale_hours = 0"
).format
_SQLITE = (
    "SELECT unit_id, measured_on, {} FROM json_each(:wanted) AS wanted CROSS JOIN unit_day"
    " ON unit_id = json_extract(wanted.value, '$[0]') AND measured_on BETWEEN"
    " json_extract(wanted.value, '$[1]') AND json_extract(wanted.value, '$[2]')"
    " WHERE stale_hours = 0"
).format

UnitDate = tuple[int, date]


class Days(NamedTuple):
    """Days of a unit, the first and the last of them too."""

    unit_id: int
    first_on: date
    last_on: date


class DaySums:
    """The sums of days and of their hours, fetched for many at once and remembered."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._totals: dict[UnitDate, Sums] = {}
        self._hours: dict[UnitDate, list[Sums] | None] = {}

    def fetch(self, wanted: Collection[Days]) -> None:
        """Fetch the totals of days."""
        for unit_id, day, *sums in self._rows(_TOTALS, wanted):
            self._totals[unit_id, day] = Sums(_DAY_US, *sums)

    def fetch_hours(self, wanted: Iterable[UnitDate]) -> None:
        """Fetch the hours of days that are not there yet."""
        missing = {key for key in wanted if key not in self._hours}
        self._hours |= dict.fromkeys(missing)
        days = [Days(unit_id, day, day) for unit_id, day in missing]
        for unit_id, day, hours, detail in self._rows("hours, detail", days):
            self._hours[unit_id, day] = unpack_hours(bytes(hours), detail and bytes(detail))

    def total(self, unit_id: int, day: date) -> Sums | None:
        """What was fetched of a day."""
        return self._totals.get((unit_id, day))

    def hours(self, unit_id: int, day: date) -> list[Sums] | None:
        """The hours of a day that holds."""
        if (unit_id, day) not in self._hours:
            self.fetch_hours([(unit_id, day)])
        return self._hours[unit_id, day]

    def _rows(self, columns: str, wanted: Collection[Days]) -> list[Any]:
        if not wanted:
            return []
        if is_postgresql(self._session):
            units, firsts, lasts = (list(column) for column in zip(*wanted, strict=True))
            told: dict[str, Any] = {"units": units, "firsts": firsts, "lasts": lasts}
            return list(fetch(self._session, _asking(_POSTGRESQL, columns), told))
        spelled = [
            (one.unit_id, one.first_on.isoformat(), one.last_on.isoformat()) for one in wanted
        ]
        asked = {"wanted": json.dumps(spelled)}
        rows = fetch(self._session, _asking(_SQLITE, columns), asked)
        return [(unit_id, date.fromisoformat(day), *rest) for unit_id, day, *rest in rows]


@lru_cache
def _asking(spell: Callable[[str], str], columns: str) -> TextClause:
    return text(spell(columns))
