"""Thinning keeps what matters, and both databases keep the same."""

from __future__ import annotations

import random
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from schemas.reading import PLAUSIBLE_CELSIUS
from traceapp.db import Database, open_database
from traceapp.models.reading import Reading
from traceapp.trace.measured import Point, Stretch, measured

_START = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)
_END = _START + timedelta(days=60)
Series = dict[int, dict[datetime, float]]


@pytest.fixture
def both(sqlite_url: str, postgresql_url: str) -> Generator[list[Database], None, None]:
    """A database of each kind, with nothing in it."""
    opened = [open_database(url) for url in (sqlite_url, postgresql_url)]
    yield opened
    for database in opened:
        database.close()


def _random_series(seed: int) -> Series:
    """Up to three sensors: gaps, ties, spikes of one reading, and moments of any microsecond."""
    chance = random.Random(seed)
    series: Series = {}
    for sensor in range(1, chance.randint(1, 3) + 1):
        at, own = _START + chance.random() * timedelta(days=20), {}
        for _ in range(chance.choice([0, 1, 7, 60, 900])):
            at += timedelta(seconds=chance.choice([600, 600, 600, 1.000001, 86_400 * 0.4]))
            spike = chance.choice([-60.0, 70.0, 1 / 3]) if chance.random() < 0.01 else 0.0
            if at < _END:
                own[at] = round(chance.gauss(5, 1), chance.choice([1, 1, 15])) + spike
        series[sensor] = own
    return series


def _keep(database: Database, series: Series) -> None:
    rows = [
        {
            "sensor_id": sensor,
            "at": at,
            "celsius": celsius,
            "received_at": at,
            "is_implausible": not PLAUSIBLE_CELSIUS[0] <= celsius <= PLAUSIBLE_CELSIUS[1],
        }
        for sensor, own in series.items()
        for at, celsius in own.items()
    ]
    if rows:
        with database.begin() as session:
            session.execute(insert(Reading), rows)


def _ask(database: Database, series: Series, most: int) -> list[Point]:
    stretches = [Stretch(sensor, f"S{sensor}", _START, _END) for sensor in series]
    with database.read() as session:
        return measured(session, stretches, most)


@pytest.mark.parametrize("seed", range(12))
def test_no_reading_is_warmer_or_colder_than_what_is_kept_near_it(
    both: list[Database], seed: int
) -> None:
    series = _random_series(seed)
    for database in both:
        _keep(database, series)
    everything = sum(len(own) for own in series.values())
    for most in (4, 40, 200, 1_000, 10_000):
        points, others = (_ask(database, series, most) for database in both)
        assert points == others
        assert len(points) <= max(most, 4 * len(series))
        assert points == sorted(points, key=lambda point: (point.at, point.sensor))
        if everything <= most:
            assert len(points) == everything
        for sensor, own in series.items():
            kept = {point.at: point.celsius for point in points if point.sensor == f"S{sensor}"}
            assert kept.items() <= own.items()
            if own:
                assert {min(own), max(own)} <= set(kept)
                _covers(kept, own, most, series)


def _covers(
    kept: dict[datetime, float], own: dict[datetime, float], most: int, series: Series
) -> None:
    """Every reading has one kept that is as warm, and one as cold, no further than a slice away."""
    lengths = [max(one) - min(one) for one in series.values() if one]
    share = (max(own) - min(own)) / max(sum(lengths, timedelta()), timedelta(microseconds=1))
    slices = 1 + int(max(most // 4 - len(series), 0) * share)
    width = (max(own) - min(own)) / max(slices - 1, 1) + timedelta(microseconds=2)
    for at, celsius in own.items():
        near = [value for moment, value in kept.items() if abs(moment - at) <= width]
        assert max(near) >= celsius
        assert min(near) <= celsius


def test_a_broken_probe_is_not_drawn_and_what_lies_outside_the_stretch_neither(
    database: Database,
) -> None:
    minute = timedelta(minutes=1)
    own = {_START: 1.0, _START + minute: 80.1, _START + 2 * minute: -110.1, _START + 3 * minute: 80}
    _keep(database, {999: own})
    with database.read() as session:
        stretch = Stretch(999, "S", _START, _START + 3 * minute)
        assert measured(session, [stretch], 100) == [Point(_START, 1.0, "S")]
        longer = stretch._replace(until=_START + 4 * minute)
        assert [point.celsius for point in measured(session, [longer], 100)] == [1.0, 80.0]


def test_where_no_sensor_stood_nothing_was_measured(database: Database) -> None:
    with database.read() as session:
        assert measured(session, [], 100) == []
        assert measured(session, [Stretch(999, "S", _START, _END)], 4) == []
