"""What must hold of the simulated equipment whatever the seed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceapp.simulate.physics import (
    COLD_BOX,
    COLD_ROOM,
    REFRIGERATOR,
    VEHICLE,
    Outage,
    Plant,
    ambient_celsius,
    samples,
)
from traceapp.simulate.recorder import recorded

START = datetime(2026, 11, 16, 10, 30, tzinfo=UTC)
DAY = 24 * 60
SEEDS = st.integers(min_value=0, max_value=10_000).map(str)


@pytest.mark.parametrize("plant", [REFRIGERATOR, COLD_ROOM, VEHICLE, COLD_BOX])
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_healthy_equipment_records_between_2_and_8_degrees(plant: Plant, seed: str) -> None:
    for sample in islice(samples(plant, START, seed), 2 * DAY):
        assert 2.5 < sample.celsius < 7.8


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_series(seed: str) -> None:
    once = list(islice(samples(REFRIGERATOR, START, seed), 300))
    assert once == list(islice(samples(REFRIGERATOR, START, seed), 300))


def test_another_seed_gives_another_series() -> None:
    assert next(samples(REFRIGERATOR, START, "1")) != next(samples(REFRIGERATOR, START, "2"))


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_refrigerator_without_power_crosses_8_degrees_within_half_an_hour_to_two_hours(
    seed: str,
) -> None:
    outage = Outage(START, START + timedelta(days=1))
    series = samples(REFRIGERATOR, START, seed, [outage])
    crossed = next(sample.at for sample in series if sample.celsius > 8)
    assert timedelta(minutes=30) < crossed - START < timedelta(hours=2)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_a_unit_without_cooling_never_becomes_warmer_than_the_air_around_it(seed: str) -> None:
    outage = Outage(START, START + timedelta(days=9))
    for sample in islice(samples(REFRIGERATOR, START, seed, [outage]), 5 * DAY):
        assert not sample.is_cooled
        assert sample.celsius < ambient_celsius(sample.at, 1.5) + 4


def test_a_refrigerator_is_back_below_8_degrees_two_hours_after_the_power() -> None:
    back_at = START + timedelta(hours=4)
    series = samples(REFRIGERATOR, START, "7", [Outage(START, back_at)])
    later = [s for s in islice(series, DAY) if s.at > back_at + timedelta(hours=2)]
    assert max(sample.celsius for sample in later) < 8


def test_a_vehicle_warms_faster_than_a_refrigerator() -> None:
    outage = [Outage(START, START + timedelta(hours=9))]
    hot = [
        next(s.at for s in samples(plant, START, "3", outage) if s.celsius > 8)
        for plant in (VEHICLE, REFRIGERATOR)
    ]
    assert hot[0] < hot[1]


def test_records_come_at_the_interval_and_every_two_minutes_out_of_range() -> None:
    outage = Outage(START + timedelta(hours=1), START + timedelta(hours=5))
    series = samples(REFRIGERATOR, START, "5", [outage])
    readings = list(recorded(islice(series, 8 * 60), 600, 4, True))
    for one, following in pairwise(readings):
        gap = following.at - one.at
        assert gap <= timedelta(minutes=2 if one.celsius > 8 else 10)
        assert one.celsius == round(one.celsius, 1)
        assert following.seq == one.seq + 1
    assert {reading.power for reading in readings} == {True, False}


def test_a_door_left_open_is_recorded_when_it_opens_and_when_it_closes() -> None:
    series = islice(samples(REFRIGERATOR, START, "6"), 3 * DAY)
    readings = list(recorded(series, 600, 0, True))
    opened = [(a, b) for a, b in pairwise(readings) if a.door_open]
    assert opened
    assert all(b.at - a.at < timedelta(minutes=5) for a, b in opened)


def test_a_moment_on_the_wire_bears_its_offset() -> None:
    reading = next(recorded(samples(VEHICLE, START, "8"), 300, 0, False))
    document = reading.document()
    assert document["at"] == "2026-11-16T10:30:00+00:00"
    assert "power" not in document
