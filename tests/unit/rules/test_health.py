"""The health of a sensor: each trouble opens and closes an episode of its own kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from traceapp.rules.judging import Pace, Watch, judge
from traceapp.rules.profile import PROFILES
from traceapp.rules.run import Run
from traceapp.rules.sample import Sample

START = datetime(2021, 5, 9, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def runs_of(code: str, *samples: Sample) -> list[Run]:
    runs = judge(PROFILES["cn-fridge"], Pace.of(600, None), samples)
    return [run for run in runs if run.rule.code == code]


def test_a_low_battery_is_an_episode_until_it_was_changed() -> None:
    levels = (50, 19, 18, None, 100)
    (run,) = runs_of("battery", *(Sample(at(10 * n), 5, battery=b) for n, b in enumerate(levels)))
    assert (run.started_at, run.ended_at) == (at(10), at(40))


def test_a_jump_of_more_than_ten_degrees_lasts_until_the_next_steady_reading() -> None:
    (run,) = runs_of("jump", *(Sample(at(10 * n), c) for n, c in enumerate((5, 16, 16, 17))))
    assert (run.started_at, run.ended_at) == (at(10), at(20))


def test_a_device_whose_clock_is_ahead_of_our_own_is_noticed() -> None:
    ahead = Sample(at(0), 5, received_at=at(-6))
    right = Sample(at(10), 5, received_at=at(11))
    (run,) = runs_of("clock", ahead, right)
    assert (run.started_at, run.ended_at) == (at(0), at(10))


def test_readings_that_were_sent_late_are_no_drift() -> None:
    assert runs_of("clock", Sample(at(0), 5, received_at=at(5_000))) == []


def test_a_hole_in_the_numbers_is_an_episode_of_missing_readings() -> None:
    (run,) = runs_of("missing", Sample(at(0), 5, seq=1), Sample(at(40), 5, seq=4))
    assert (run.started_at, run.triggered_at, run.ended_at) == (at(10), at(40), at(40))


def test_numbers_that_start_again_after_a_reboot_miss_nothing() -> None:
    first, second = Sample(at(0), 5, seq=9, boot="a"), Sample(at(10), 5, seq=30, boot="b")
    assert runs_of("missing", first, second) == []


def same(*minutes: float, celsius: float = 4.2) -> list[Sample]:
    return [Sample(at(minute), celsius) for minute in minutes]


HALF_A_DAY = [10 * n for n in range(73)]


def test_a_value_that_stays_for_half_a_day_runs_from_its_first_to_the_first_other_reading() -> None:
    (run,) = runs_of("stuck", *same(*HALF_A_DAY), *same(730, celsius=4.3))
    assert (run.started_at, run.triggered_at) == (at(0), at(720))
    assert (run.heard_at, run.ended_at) == (at(720), at(730))


def test_a_value_that_stays_for_a_little_less_is_not_worth_a_run() -> None:
    assert runs_of("stuck", *same(*HALF_A_DAY[:-1]), *same(730, celsius=4.3)) == []
    assert runs_of("stuck", *same(*HALF_A_DAY[:-1])) == []


def test_a_value_on_both_sides_of_a_silence_is_two_values() -> None:
    assert runs_of("stuck", *same(*HALF_A_DAY[:40]), *same(*HALF_A_DAY[45:])) == []


def test_a_broken_reading_in_between_changes_no_value() -> None:
    broken = Sample(at(355), 150.0, is_implausible=True)
    (run,) = runs_of("stuck", *same(*HALF_A_DAY[:36]), broken, *same(*HALF_A_DAY[36:]))
    assert run.started_at == at(0)


def test_a_sensor_that_is_taken_away_leaves_no_run_that_was_too_short() -> None:
    watch = Watch(PROFILES["cn-fridge"], Pace.of(600, None))
    for sample in same(*HALF_A_DAY[:50]):
        watch.take(sample)
    assert watch.stop(at(800 - 290)) == []
