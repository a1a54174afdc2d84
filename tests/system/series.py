"""Measured temperatures to publish: real ones where the folder is, and always a small own series.

Each file has the columns ``timestamp`` (local time, every five minutes) and ``value`` in °F.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

_CHINA = timezone(timedelta(hours=8))
_OWN = Path(__file__).parent / "data" / "refrigerator_fahrenheit.csv"
_REAL = Path(__file__).parents[3] / "shared/data/real_series/machine_temperature_system_failure.csv"


@dataclass(frozen=True)
class Measured:
    """One line of the file, in the units of the contract."""

    at: datetime
    celsius: float


def read_series(path: Path) -> list[Measured]:
    """Return a file's lines in their own order, °F made °C."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Measured(
                datetime.fromisoformat(row["timestamp"]).replace(tzinfo=_CHINA),
                round((float(row["value"]) - 32) * 5 / 9, 4),
            )
            for row in csv.DictReader(file)
        ]


def series_at_hand() -> list[Path]:
    """Return the own series, and the real one where it is."""
    return [path for path in (_OWN, _REAL) if path.is_file()]


def first_values(series: list[Measured]) -> list[Measured]:
    """Return what must be stored: the first value of each moment, in order of time."""
    kept: dict[datetime, Measured] = {}
    for measured in series:
        kept.setdefault(measured.at, measured)
    return [kept[at] for at in sorted(kept)]


def conflicts_in(series: list[Measured]) -> int:
    """Return how many lines say another value for a moment than the first line about it."""
    first = {measured.at: measured.celsius for measured in reversed(series)}
    return sum(first[measured.at] != measured.celsius for measured in series)


def moved_to_end_at(series: list[Measured], end: datetime) -> list[Measured]:
    """Return the series as if its last reading had been measured at ``end``."""
    by = end - series[-1].at
    return [Measured(measured.at + by, measured.celsius) for measured in series]


def one_night(series: list[Measured]) -> list[Measured]:
    """Return the part of a series around its only long frost: nothing else in it is an excursion.

    In the real series that is 2014-02-07 23:05 to 2014-02-09 11:45, in a labelled failure.
    """
    kept = first_values(series)
    if len(kept) < 1000:
        return kept
    begin = datetime(2014, 2, 7, 23, 5, tzinfo=_CHINA)
    return [m for m in kept if begin <= m.at <= begin + timedelta(hours=36, minutes=40)]
