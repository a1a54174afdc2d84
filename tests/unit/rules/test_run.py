"""Cumulative rules: separate times outside add up, over a window or since the journey began."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.judging import Pace, judge
from traceapp.rules.profile import PROFILES, Profile, Rule
from traceapp.rules.run import Run
from traceapp.rules.sample import Sample

START = datetime(2021, 5, 9, tzinfo=UTC)
PACE = Pace.of(600, 86_400)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def minutes(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - START) / timedelta(minutes=1)


def series(pairs: dict[int, float]) -> list[Sample]:
    return [Sample(at(minute), celsius) for minute, celsius in sorted(pairs.items())]


def added_up(sustained: int, window: int | None = None) -> Profile:
    span = None if window is None else timedelta(minutes=window)
    sum_rule = Rule("sum", "alarm", "above", timedelta(minutes=sustained), 8.0, False, True, span)
    return Profile.of("test", (sum_rule,))


def sums(profile: Profile, pairs: dict[int, float], *departures: float) -> list[Run]:
    runs = judge(profile, PACE, series(pairs), [at(minute) for minute in departures])
    return [run for run in runs if run.rule.code == "sum"]


def test_separate_times_outside_add_up_and_trigger_at_the_minute_that_fills_the_sum() -> None:
    (run,) = sums(added_up(30), {0: 9, 20: 5, 40: 9, 60: 5, 80: 9})
    assert (minutes(run.started_at), minutes(run.triggered_at)) == (0, 50)
    assert run.ended_at is None
    assert run.spent == timedelta(minutes=40)


def test_too_little_in_all_triggers_nothing() -> None:
    (run,) = sums(added_up(30), {0: 9, 10: 5, 40: 9, 50: 5})
    assert run.triggered_at is None


def test_a_new_journey_counts_anew_even_in_the_middle_of_heat() -> None:
    first, second = sums(added_up(30), {0: 9, 20: 9, 40: 9, 60: 5}, 25)
    assert (minutes(first.ended_at), first.triggered_at) == (25, None)
    assert (minutes(second.started_at), minutes(second.triggered_at)) == (25, 55)


def test_in_a_window_old_heat_is_forgotten_and_the_episode_ends() -> None:
    rising = {0: 9.0, 20: 5.0, 40: 9.0, 60: 5.0}
    first, rest, second = sums(added_up(30, 60), rising | {100: 5.0, 200: 9.0, 210: 5.0})
    assert (minutes(first.triggered_at), minutes(first.ended_at)) == (50, 100)
    assert (minutes(rest.ended_at), rest.triggered_at) == (200, None)
    assert (minutes(second.started_at), second.triggered_at) == (200, None)


def test_what_a_window_still_holds_of_an_excursion_that_ended_counts_on() -> None:
    heat = {0: 9.0, 10: 5.0, 30: 9.0, 50: 5.0, 62: 5.0, 63: 9.0, 80: 5.0}
    runs = [run for run in sums(added_up(30, 60), heat) if run.triggered_at is not None]
    assert [(minutes(run.started_at), minutes(run.triggered_at)) for run in runs] == [
        (0, 50),
        (63, 73),
    ]
    assert [minutes(run.ended_at) for run in runs] == [62, None]


def test_minutes_over_a_window_are_all_that_the_excursion_added_up() -> None:
    heat = {0: 9.0, 20: 5.0, 40: 9.0, 60: 5.0, 100: 5.0}
    (run,) = (run for run in sums(added_up(30, 60), heat) if run.triggered_at is not None)
    assert run.spent == timedelta(minutes=40)


def test_the_times_outside_of_an_endless_journey_stay_few() -> None:
    pairs = {10 * n: (9.0 if n % 2 else 5.0) for n in range(1_000)}
    (run,) = sums(added_up(60), pairs)
    assert len(run.stretches) == 1
    assert run.spent == timedelta(minutes=5_000 - 10)


def test_type_one_of_the_who_alarms_after_ten_hours_of_thirty_degrees_in_all() -> None:
    pairs = {60 * hour: (30.0 if hour % 3 else 20.0) for hour in range(24)}
    runs = judge(PROFILES["ship-type1"], PACE, series(pairs))
    (run,) = (run for run in runs if run.rule.code == "heat30")
    assert minutes(run.triggered_at) == 15 * 60


def brute_force(sustained: int, window: int, pairs: dict[int, float]) -> float | None:
    """The first minute at which the last `window` minutes hold `sustained` minutes of heat."""
    last = max(pairs)
    held: list[bool] = []
    celsius = 0.0
    for minute in range(last):
        celsius = pairs.get(minute, celsius)
        held.append(celsius > 8)
        if held[-1] and sum(held[-window:]) >= sustained:
            return minute + 1
    return None


celsius = st.sampled_from([5.0, 9.0])


@given(
    st.dictionaries(st.integers(0, 200), celsius, min_size=1, max_size=40),
    st.integers(1, 60),
    st.integers(1, 120),
)
def test_a_walk_minute_by_minute_agrees_on_the_first_trigger(
    pairs: dict[int, float], sustained: int, window: int
) -> None:
    runs = sums(added_up(sustained, window), pairs)
    triggers = [run.triggered_at for run in runs if run.triggered_at is not None]
    assert minutes(min(triggers, default=None)) == brute_force(sustained, window, pairs)


@given(st.dictionaries(st.integers(0, 200), celsius, min_size=1, max_size=40), st.integers(1, 60))
def test_since_the_journey_began_is_a_window_without_an_end(
    pairs: dict[int, float], sustained: int
) -> None:
    runs = sums(added_up(sustained), pairs)
    triggers = [run.triggered_at for run in runs if run.triggered_at is not None]
    assert minutes(min(triggers, default=None)) == brute_force(sustained, 10_000, pairs)
