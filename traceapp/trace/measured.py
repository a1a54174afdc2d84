"""What the sensors of a unit measured: all of it, or thinned without losing an extreme.

A year of one probe is 52,560 readings, and a curve has room for a thousand points. So rows are
not made into objects: PostgreSQL packs a column into one value, SQLite picks the points itself.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy.orm import Session

from schemas.reading import PLAUSIBLE_CELSIUS
from traceapp.db import first_row_in_binary, is_postgresql
from traceapp.models.base import microseconds, moment_of

#: PostgreSQL counts microseconds from here.
_POSTGRESQL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: A slice of time shows its first, its lowest, its highest and its last value.
_A_SLICE = 4
_USABLE = "sensor_id = {0} AND at >= {1} AND at < {2} AND celsius BETWEEN {3} AND {4}".format
# The key holds all that this needs, `is_implausible` it does not.
_POSTGRESQL = (
    "SELECT string_agg(timestamptz_send(at), ''::bytea),"  # noqa: S608 - our own words
    " string_agg(float8send(celsius), ''::bytea)"
    " FROM (SELECT at, celsius FROM reading WHERE "
    + _USABLE("%s", "%s", "%s", *PLAUSIBLE_CELSIUS)
    + " ORDER BY at) AS usable"
)
_SQLITE = (
    "SELECT at, celsius FROM reading WHERE "  # noqa: S608 - our own words
    + _USABLE("?", "?", "?", *PLAUSIBLE_CELSIUS)
    + " ORDER BY at"
)
_SLICE = "SELECT at FROM reading WHERE " + _USABLE("?1", "since", "until", *PLAUSIBLE_CELSIUS)  # noqa: S608 - our own words
_SQLITE_SLICES = (
    "WITH slice(since, until) AS MATERIALIZED (SELECT json_extract(value, '$[0]'),"  # noqa: S608 - our own words
    " json_extract(value, '$[1]') FROM json_each(?2)), picked AS MATERIALIZED ("
    f" SELECT ({_SLICE} ORDER BY at LIMIT 1) AS first, ({_SLICE} ORDER BY at DESC LIMIT 1) AS last,"
    f" ({_SLICE} ORDER BY celsius, at LIMIT 1) AS lowest,"
    f" ({_SLICE} ORDER BY celsius DESC, at LIMIT 1) AS highest FROM slice)"
    " SELECT at, celsius FROM reading WHERE sensor_id = ?1 AND at IN ("
    " SELECT first FROM picked UNION SELECT last FROM picked"
    " UNION SELECT lowest FROM picked UNION SELECT highest FROM picked) ORDER BY at"
)


class Stretch(NamedTuple):
    """A sensor, by id and by code, during [since, until)."""

    sensor_id: int
    sensor: str
    since: datetime
    until: datetime


class Point(NamedTuple):
    """One measured value."""

    at: datetime
    celsius: float
    sensor: str


def measured(session: Session, stretches: Sequence[Stretch], most: int) -> list[Point]:
    """The usable readings of these stretches in time, at most `most` points.

    Where there are more, the time of each stretch from its first reading to its last is cut into
    equal slices, and each slice keeps its first, lowest, highest and last value (a stretch has at
    least one slice): no slice hides an excursion.
    """
    thin = _thin_postgresql if is_postgresql(session) else _thin_sqlite
    points = [
        Point(at, celsius, stretch.sensor)
        for stretch, rows in zip(stretches, thin(session, stretches, most), strict=True)
        for at, celsius in rows
    ]
    return sorted(points, key=lambda point: (point.at, point.sensor))


_Rows = list[tuple[datetime, float]]


def _slices(firsts_and_lasts: Sequence[tuple[int, int] | None], most: int) -> list[list[int]]:
    """The edges of each stretch's slices, shared out by how long it measured; µs."""
    lengths = [0 if span is None else span[1] - span[0] + 1 for span in firsts_and_lasts]
    to_share = max(most // _A_SLICE - len(lengths), 0)
    edges = []
    for span, length in zip(firsts_and_lasts, lengths, strict=True):
        count = 1 + to_share * length // max(sum(lengths), 1)
        first = 0 if span is None else span[0]
        edges.append([first + length * number // count for number in range(count + 1)])
    return edges


def _thin_postgresql(session: Session, stretches: Sequence[Stretch], most: int) -> list[_Rows]:
    columns = [_packed(session, stretch) for stretch in stretches]
    if sum(len(moments) for moments, _ in columns) <= most:
        places = [list(range(len(moments))) for moments, _ in columns]
    else:
        spans = [(moments[0], moments[-1]) if moments else None for moments, _ in columns]
        places = [
            _picked(moments, values, edges)
            for (moments, values), edges in zip(columns, _slices(spans, most), strict=True)
        ]
    return [
        [(_POSTGRESQL_EPOCH + moments[place] * _MICROSECOND, values[place]) for place in own]
        for (moments, values), own in zip(columns, places, strict=True)
    ]


def _packed(session: Session, stretch: Stretch) -> tuple[array[int], array[float]]:
    """Moments (µs since 2000) and temperatures of a stretch, ascending."""
    moments: array[int] = array("q")
    values: array[float] = array("d")
    asked = stretch.sensor_id, stretch.since, stretch.until
    packed = first_row_in_binary(session, _POSTGRESQL, asked)
    moments.frombytes(packed[0] or b"")
    values.frombytes(packed[1] or b"")
    if sys.byteorder == "little":  # PostgreSQL sends the greatest byte first.
        moments.byteswap()
        values.byteswap()
    return moments, values


def _picked(moments: array[int], values: array[float], edges: Sequence[int]) -> list[int]:
    """The places of each slice's first, lowest, highest and last value, ascending."""
    places: set[int] = set()
    begin = 0
    for edge in edges[1:]:
        end = bisect_left(moments, edge, begin)
        if end > begin:
            part = values[begin:end]
            lowest, highest = part.index(min(part)), part.index(max(part))
            places |= {begin, begin + lowest, begin + highest, end - 1}
        begin = end
    return sorted(places)


def _thin_sqlite(session: Session, stretches: Sequence[Stretch], most: int) -> list[_Rows]:
    connection = session.connection()
    spoken = [
        (stretch.sensor_id, microseconds(stretch.since), microseconds(stretch.until))
        for stretch in stretches
    ]
    rows = [
        connection.exec_driver_sql(f"{_SQLITE} LIMIT ?", (*own, most + 1)).all() for own in spoken
    ]
    if sum(map(len, rows)) > most:
        spans = []
        for own, found in zip(spoken, rows, strict=True):
            last = connection.exec_driver_sql(f"{_SQLITE} DESC LIMIT 1", own).first()
            spans.append((found[0].at, last.at) if last else None)
        rows = []
        for own, edges in zip(spoken, _slices(spans, most), strict=True):
            pairs = json.dumps(list(pairwise(edges)))
            rows.append(connection.exec_driver_sql(_SQLITE_SLICES, (own[0], pairs)).all())
    return [[(moment_of(at), celsius) for at, celsius in own] for own in rows]
