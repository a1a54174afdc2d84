"""Exposure: the vectors of USP <1079.2> and WHO's table, and sums that add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.exposure import (
    Exposure,
    Heard,
    Limits,
    Segment,
    expose,
    timeline,
    vvm_life_minutes,
)
from traceapp.rules.judging import Pace
from traceapp.rules.sample import Sample

START = datetime(2021, 5, 9, tzinfo=UTC)
PACE = Pace.of(600, None)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def hours(*celsius: float) -> list[Segment]:
    return [Segment(at(60 * n), at(60 * n + 60), c, c) for n, c in enumerate(celsius)]


@pytest.mark.parametrize(
    ("series", "kinetic"),
    [([5.0] * 24, 5.000), ([5.0] * 18 + [14.0] * 6, 8.285), ([4.0, 4, 4, 4, 16], 8.109)],
)
def test_mean_kinetic_temperature_agrees_with_the_published_vectors(
    series: list[float], kinetic: float
) -> None:
    assert expose(hours(*series), Limits()).mean_kinetic_celsius == pytest.approx(kinetic, abs=5e-4)


@pytest.mark.parametrize(
    ("vvm", "celsius", "days", "within"),
    [
        ("VVM7", 37, 7, 0.001),
        ("VVM7", 25, 45, 0.05),
        ("VVM14", 25, 90, 0.05),
        ("VVM30", 25, 193, 0.05),
        ("VVM2", 5, 225, 0.05),
    ],
)
def test_a_monitors_life_agrees_with_whos_table(
    vvm: str, celsius: float, days: float, within: float
) -> None:
    assert vvm_life_minutes(vvm, celsius) / 1440 == pytest.approx(days, rel=within)


def test_seven_days_at_37_degrees_use_up_a_vvm7() -> None:
    used = expose(hours(*[37.0] * (7 * 24)), Limits(vvm="VVM7")).vvm_life_used
    assert used == pytest.approx(1.0, rel=1e-6)


def test_a_budget_counts_the_minutes_above_its_limit() -> None:
    limits = Limits(budget={8.0: 600, 25.0: 60})
    exposure = expose(hours(5, 9, 9, 30), limits)
    assert exposure.budget_used(limits) == pytest.approx(1.0)
    assert exposure.budget_minutes == ((8.0, 180.0), (25.0, 60.0))


def test_frost_counts_only_for_a_product_that_minds_it() -> None:
    assert expose(hours(-0.5), Limits()).is_frozen
    assert not expose(hours(-0.5), Limits(is_freeze_sensitive=False)).is_frozen


def test_what_nobody_measured_is_unknown_neither_inside_nor_outside() -> None:
    samples = [Sample(at(0), 9.0), Sample(at(120), 5.0)]
    exposure = expose(timeline([Heard(PACE, samples)], at(0), at(130)), Limits())
    assert (exposure.minutes_above, exposure.unknown_minutes) == (10, 110)
    assert exposure.observed_minutes == 20


def test_a_stretch_without_any_sensor_is_unknown() -> None:
    assert expose(timeline([], at(0), at(60)), Limits()).unknown_minutes == 60


def test_with_two_probes_the_worse_one_counts() -> None:
    warm = Heard(PACE, [Sample(at(n), 9.0) for n in range(0, 60, 10)])
    cold = Heard(PACE, [Sample(at(n), 1.0) for n in range(0, 60, 10)])
    exposure = expose(timeline([warm, cold], at(0), at(60)), Limits())
    assert (exposure.minutes_above, exposure.minutes_below) == (60, 60)
    assert (exposure.min_celsius, exposure.max_celsius) == (1.0, 9.0)


values = st.dictionaries(
    st.integers(0, 400), st.sampled_from([-2.0, 1.0, 5.0, 8.0, 9.0, 20.0]), max_size=30
)


def brute_force(readings: list[Sample], start: int, end: int) -> tuple[int, int, int, int]:
    """Observed, unknown, above and below, found minute by minute."""
    observed = unknown = above = below = 0
    for minute in range(start, end):
        before = [one for one in readings if one.at <= at(minute)]
        after = [one.at for one in readings if one.at > at(minute)]
        if not before:
            unknown += 1
            continue
        last = before[-1]
        until = after[0] if after else at(end)
        is_silent = until - last.at > timedelta(minutes=30)
        if is_silent and at(minute) >= last.at + timedelta(minutes=10):
            unknown += 1
            continue
        observed += 1
        above += last.celsius > 8
        below += last.celsius < 2
    return observed, unknown, above, below


@given(values, st.integers(0, 200), st.integers(1, 200))
def test_exposure_agrees_with_a_walk_minute_by_minute(
    pairs: dict[int, float], start: int, length: int
) -> None:
    readings = [Sample(at(minute), celsius) for minute, celsius in sorted(pairs.items())]
    end = start + length
    exposure = expose(timeline([Heard(PACE, readings)], at(start), at(end)), Limits())
    assert (
        round(exposure.observed_minutes),
        round(exposure.unknown_minutes),
        round(exposure.minutes_above),
        round(exposure.minutes_below),
    ) == brute_force(readings, start, end)


@given(values, st.integers(1, 399))
def test_the_exposures_of_two_parts_add_up_to_that_of_the_whole(
    pairs: dict[int, float], cut: int
) -> None:
    readings = [Sample(at(minute), celsius) for minute, celsius in sorted(pairs.items())]
    readings += [Sample(at(401), 5.0)]  # What follows is known in both cases.
    limits = Limits(vvm="VVM7", budget={8.0: 60})

    def part(start: int, end: int) -> Exposure:
        return expose(timeline([Heard(PACE, readings)], at(start), at(end)), limits)

    whole, parts = part(0, 400), part(0, cut) + part(cut, 400)
    assert parts.observed_minutes == pytest.approx(whole.observed_minutes)
    assert parts.unknown_minutes == pytest.approx(whole.unknown_minutes)
    assert parts.minutes_above == pytest.approx(whole.minutes_above)
    assert parts.kinetic_sum == pytest.approx(whole.kinetic_sum)
    assert parts.vvm_life_used == pytest.approx(whole.vvm_life_used)
    assert (parts.min_celsius, parts.max_celsius) == (whole.min_celsius, whole.max_celsius)


def test_the_worst_of_two_exposures_is_figure_by_figure() -> None:
    limits = Limits(vvm="VVM7", budget={8.0: 600.0, 25.0: 60.0})
    cold, hot = expose(hours(-1, 5, 5), limits), expose(hours(12, 30), limits)
    worst = cold.at_worst(hot)
    assert (worst.min_celsius, worst.max_celsius, worst.is_frozen) == (-1, 30, True)
    assert worst.observed_minutes == 180
    assert worst.minutes_above == 120
    assert dict(worst.budget_minutes) == {8.0: 120.0, 25.0: 60.0}
    assert worst.vvm_life_used == hot.vvm_life_used
    assert worst == hot.at_worst(cold)
