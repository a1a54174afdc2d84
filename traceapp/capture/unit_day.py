"""Days of units as rows: from their hours, and many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from traceapp.db import copy_in, is_postgresql
from traceapp.models.base import Base
from traceapp.models.unit_day import UnitDay
from traceapp.rules.hour import Sums, pack_hours, total

_AT_ONCE = 1_000
_NAMES = [column.name for column in Base.metadata.tables[UnitDay.__tablename__].columns]
_COPY = f"COPY unit_day ({', '.join(_NAMES)}) FROM STDIN"

Row = dict[str, Any]


def day_of(hours: Sequence[Sums]) -> Row:
    """What a row says of a day of these 24 hours; its key is not among it."""
    whole = total(hours)
    sums, detail = pack_hours(hours)
    return {
        "stale_hours": 0,
        "observed_us": whole.observed_us,
        "min_celsius": whole.min_celsius,
        "max_celsius": whole.max_celsius,
        "degree_minutes": whole.degree_minutes,
        "kinetic_sum": whole.kinetic_sum,
        "vvm2_minutes": whole.vvm2_minutes,
        "vvm_minutes": whole.vvm_minutes,
        "hours": sums,
        "detail": detail,
    }


def write_days(session: Session, days: Iterable[tuple[int, date, Row]]) -> int:
    """Add many days that are not there yet: unit id, day, and what `day_of` made of its hours.

    For generators of history. Everything else lists days and has them summed (`capture.summing`).
    Returns how many were written. Equal days may share one row: making it costs the most.
    """
    written = 0
    rows = iter(days)
    while chunk := list(islice(rows, _AT_ONCE)):
        if is_postgresql(session):
            copy_in(session, _COPY, "".join(_spelled(chunk)).encode())
        else:
            session.execute(
                insert(UnitDay),
                [{"unit_id": unit, "measured_on": day, **row} for unit, day, row in chunk],
            )
        written += len(chunk)
    return written


def _spelled(chunk: Iterable[tuple[int, date, Row]]) -> Iterator[str]:
    """Rows in the text format of COPY."""
    spelled: dict[int, str] = {}
    for unit_id, day, row in chunk:
        if id(row) not in spelled:
            spelled[id(row)] = "\t".join(_field(row[name]) for name in _NAMES[2:])
        yield f"{unit_id}\t{day.isoformat()}\t{spelled[id(row)]}\n"


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    return "\\\\x" + value.hex() if isinstance(value, bytes) else repr(value)
