"""Sums over hours: what they say of any product is what its segments say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.exposure import Exposure, Limits, Segment, expose
from traceapp.rules.hour import (
    HOUR_US,
    Part,
    Sums,
    Told,
    expose_to,
    limits_within,
    pack_hours,
    share,
    sum_hours,
    sum_parts,
    total,
    unpack_hours,
)

START = datetime(2021, 5, 9, tzinfo=UTC)
_HOURS = 6

celsius = st.sampled_from([-20.25, -0.5, 1.0, 2.0, 5.5, 8.0, 8.1, 9.0, 20.0, 37.0])
limits = st.builds(
    Limits,
    min_celsius=st.sampled_from([-25.0, 2.0, 5.5]),
    max_celsius=st.sampled_from([-15.0, 8.0, 9.0]),
    is_freeze_sensitive=st.booleans(),
    vvm=st.sampled_from([None, "VVM2", "VVM7", "VVM14", "VVM30"]),
    budget=st.dictionaries(st.sampled_from([8.0, 8.05, 25.0]), st.just(600.0), max_size=2),
)


@st.composite
def timelines(draw: st.DrawFn) -> list[Segment]:
    """A gapless timeline over some hours, cut at any microsecond."""
    end = _HOURS * HOUR_US
    cuts = sorted(draw(st.sets(st.integers(1, end - 1), max_size=20)) | {0, end})
    segments = []
    for since, until in pairwise(cuts):
        pair = draw(st.none() | st.tuples(celsius, celsius).map(sorted))
        low, high = pair or (None, None)
        segments.append(
            Segment(
                START + timedelta(microseconds=since),
                START + timedelta(microseconds=until),
                low,
                high,
            )
        )
    return segments


def agree(one: Exposure, other: Exposure) -> None:
    """Assert that two exposures are the same but for how floats were added."""
    for name in Exposure.__dataclass_fields__:
        left, right = getattr(one, name), getattr(other, name)
        if name == "budget_minutes":
            left, right = dict(left), dict(right)
        if right is None:
            assert left is None, name
        else:
            assert left == pytest.approx(right, rel=1e-9, abs=1e-300), name


@given(timelines(), limits)
def test_hours_add_up_to_what_their_segments_did_to_a_product(
    segments: list[Segment], product: Limits
) -> None:
    hours = sum_hours(segments, START, _HOURS, limits_within(product))
    assert all(Told(product).tells(hour) for hour in hours)
    whole = Exposure()
    for hour in unpack_hours(*pack_hours(hours)):
        whole = whole + expose_to(hour, product)
    agree(whole, expose(segments, product))


@given(timelines(), limits)
def test_the_sums_of_a_whole_stretch_say_it_too_where_no_limit_was_crossed(
    segments: list[Segment], product: Limits
) -> None:
    whole = total(sum_hours(segments, START, _HOURS))
    if Told(product).tells(whole):
        agree(expose_to(whole, product), expose(segments, product))


@given(timelines(), limits)
def test_where_the_sums_do_not_tell_the_worst_is_assumed(
    segments: list[Segment], product: Limits
) -> None:
    assumed = expose_to(total(sum_hours(segments, START, _HOURS)), product)
    true = expose(segments, product)
    assert assumed.minutes_above >= true.minutes_above - 1e-6
    assert assumed.minutes_below >= true.minutes_below - 1e-6
    assert assumed.degree_minutes_above >= true.degree_minutes_above - 1e-6
    assert assumed.is_frozen == true.is_frozen
    spent = dict(assumed.budget_minutes)
    assert all(spent[limit] >= minutes - 1e-6 for limit, minutes in true.budget_minutes)


@given(timelines())
def test_hours_are_kept_as_they_are(segments: list[Segment]) -> None:
    hours = sum_hours(segments, START, _HOURS, [2.0, 8.0])
    assert unpack_hours(*pack_hours(hours)) == hours


def test_an_hour_that_crosses_no_limit_keeps_no_single_temperatures() -> None:
    parts = [Part(4.0, 5.0, HOUR_US // 2), Part(3.0, 6.0, HOUR_US // 2)]
    assert sum_parts(parts, limits=[2.0, 8.0]).parts == ()
    assert sum_parts(parts, limits=[2.0, 5.5]).parts == tuple(parts)


def test_an_hour_that_nobody_measured_is_unknown() -> None:
    exposure = expose_to(Sums(), Limits(vvm="VVM7"))
    assert (exposure.observed_minutes, exposure.unknown_minutes) == (0, 60)
    assert (exposure.min_celsius, exposure.vvm_life_used) == (None, 0)


def test_a_share_of_an_hour_has_the_extremes_of_the_hour() -> None:
    hour = sum_parts([Part(5.0, 5.0, HOUR_US // 2), Part(9.0, 9.0, HOUR_US // 2)], limits=[8.0])
    quarter = expose_to(share(hour, HOUR_US // 4), Limits())
    assert (quarter.observed_minutes, quarter.minutes_above) == (15, 7.5)
    assert (quarter.min_celsius, quarter.max_celsius) == (5.0, 9.0)
