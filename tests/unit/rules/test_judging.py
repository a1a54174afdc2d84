"""Judging one sensor: the semantics of the contract, and a judge that walks minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.judging import Pace, judge
from traceapp.rules.profile import PROFILES, Profile, Rule
from traceapp.rules.run import Run
from traceapp.rules.sample import Sample

EIGHT = datetime(2021, 5, 9, 0, tzinfo=UTC)
PACE = Pace.of(600, None)
CN = PROFILES["cn-fridge"]


def at(minute: float) -> datetime:
    return EIGHT + timedelta(minutes=minute)


def series(*pairs: tuple[float, float]) -> list[Sample]:
    return [Sample(at(minute), celsius) for minute, celsius in pairs]


def runs_of(rule: str, readings: list[Sample], profile: Profile = CN) -> list[Run]:
    return [run for run in judge(profile, PACE, readings) if run.rule.code == rule]


def test_a_run_lasts_from_the_first_reading_outside_to_the_next_one_inside() -> None:
    (run,) = runs_of("warm", series((0, 5), (10, 8.1), (20, 9.5), (30, 8.0)))
    assert (run.started_at, run.ended_at, run.triggered_at) == (at(10), at(30), at(10))
    assert run.peak_celsius == 9.5


def test_the_limit_itself_is_inside_for_heat_and_outside_for_freezing() -> None:
    assert runs_of("warm", series((0, 8.0))) == []
    assert len(runs_of("freeze", series((0, -0.5)))) == 1


def test_an_alarm_triggers_at_its_minutes_once_a_reading_shows_that_it_lasted() -> None:
    (young,) = runs_of("hot", series((0, 9), (14, 9)))
    assert young.triggered_at is None
    (old,) = runs_of("hot", series((0, 9), (20, 9)))
    assert old.triggered_at == at(15)
    (shown_by_its_end,) = runs_of("hot", series((0, 9), (20, 5)))
    assert (shown_by_its_end.triggered_at, shown_by_its_end.ended_at) == (at(15), at(20))


def test_a_run_that_lasts_exactly_its_minutes_triggers() -> None:
    (run,) = runs_of("hot", series((0, 9), (15, 5)))
    assert run.triggered_at == at(15)


def test_silence_never_ends_a_run_and_says_how_much_of_it_was_assumed() -> None:
    readings = series((0, 9), (10, 9), (130, 5))
    (run,) = runs_of("hot", readings)
    assert (run.started_at, run.ended_at) == (at(0), at(130))
    assert run.unknown == [(at(20), at(130))]
    (silence,) = runs_of("silence", readings)
    assert (silence.started_at, silence.triggered_at, silence.ended_at) == (at(20), at(40), at(130))


def test_a_gap_of_exactly_the_silence_limit_is_not_silence() -> None:
    assert runs_of("silence", series((0, 5), (30, 5))) == []
    assert len(runs_of("silence", series((0, 5), (30.1, 5)))) == 1


def test_a_broken_probe_is_silence_and_not_heat() -> None:
    broken = [Sample(at(minute), 150, is_implausible=True) for minute in (10, 20)]
    runs = judge(CN, PACE, [*series((0, 5)), *broken, *series((60, 5))])
    assert [run.rule.code for run in runs] == ["silence"]


def test_the_silence_limit_is_three_intervals_but_never_under_fifteen_minutes() -> None:
    assert Pace.of(600, None).silence == timedelta(minutes=30)
    assert Pace.of(60, None).silence == timedelta(minutes=15)
    assert Pace.of(600, 120).silence == timedelta(minutes=2)


def test_a_door_that_is_not_reported_says_nothing() -> None:
    readings = [
        Sample(at(0), 5, door_open=True),
        Sample(at(4), 5),
        Sample(at(6), 5, door_open=False),
    ]
    (run,) = runs_of("door", readings)
    assert (run.triggered_at, run.ended_at) == (at(5), at(6))


def test_a_run_of_ten_hours_across_midnight_is_one_alarm_and_daily_minutes_are_none() -> None:
    """The Fridge-tag case: 265 minutes on one day, the alarm 600 minutes after 20:36."""
    start = datetime(2026, 4, 1, 20, 36, tzinfo=UTC)
    moments = [start + timedelta(minutes=5 * step) for step in range(130)]
    noon = [start - timedelta(minutes=400 - 5 * step) for step in range(53)]
    readings = [Sample(moment, 9.0) for moment in noon]
    readings += [Sample(noon[-1] + timedelta(minutes=5), 5.0)]
    readings += [Sample(moment, 8.5) for moment in moments]
    runs = runs_of("heat", readings, PROFILES["who-fridge"])
    assert [run.triggered_at for run in runs] == [None, start + timedelta(minutes=600)]


def brute_force(rule: Rule, readings: list[Sample]) -> list[tuple[float, float | None, bool]]:
    """Runs as (start, end, has triggered) in minutes, found by walking every single minute."""
    values = {int((one.at - EIGHT) / timedelta(minutes=1)): one.celsius for one in readings}
    last = max(values)
    runs: list[tuple[float, float | None, bool]] = []
    celsius: float | None = None
    start: int | None = None
    for minute in range(last + 1):
        if minute not in values:
            continue
        celsius = values[minute]
        limit = rule.limit_celsius or 0.0
        is_out = celsius > limit if rule.side == "above" else celsius < limit
        is_out = is_out or (rule.is_limit_included and celsius == limit)
        if is_out and start is None:
            start = minute
        elif not is_out and start is not None:
            runs.append((start, minute, timedelta(minutes=minute - start) >= rule.sustained))
            start = None
    if start is not None:
        runs.append((start, None, timedelta(minutes=last - start) >= rule.sustained))
    return runs


celsius = st.sampled_from([-3.0, -0.5, 1.9, 2.0, 5.0, 8.0, 8.1, 12.0])


@given(st.dictionaries(st.integers(0, 300), celsius, min_size=1, max_size=40))
def test_a_judge_that_walks_every_minute_agrees(values: dict[int, float]) -> None:
    readings = series(*sorted(values.items()))
    for rule in CN.rules:
        if rule.limit_celsius is None:
            continue
        ours = [
            (
                (run.started_at - EIGHT) / timedelta(minutes=1),
                run.ended_at and (run.ended_at - EIGHT) / timedelta(minutes=1),
                run.triggered_at is not None,
            )
            for run in runs_of(rule.code, readings)
        ]
        assert ours == brute_force(rule, readings)
