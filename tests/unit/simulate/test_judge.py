"""The simulator's own judge agrees with cases worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from traceapp.simulate.judge import judge, minutes_above

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _points(*shown: tuple[int, float]) -> list[tuple[datetime, float]]:
    return [(NOON + timedelta(minutes=minute), celsius) for minute, celsius in shown]


def test_fourteen_minutes_above_are_a_notice_and_no_alarm() -> None:
    found = judge("u", _points((0, 5), (10, 8.1), (24, 8.0), (30, 5)))
    assert [(e.rule, e.ended_at) for e in found] == [("warm", NOON + timedelta(minutes=24))]


def test_fifteen_minutes_above_are_an_alarm_even_when_the_reading_that_shows_it_is_inside() -> None:
    found = judge("u", _points((0, 5), (10, 9.3), (25, 7)))
    hot = next(e for e in found if e.rule == "hot")
    assert hot.started_at == NOON + timedelta(minutes=10)
    assert hot.triggered_at == NOON + timedelta(minutes=25)
    assert hot.peak_celsius == 9.3


def test_a_run_that_no_reading_has_shown_to_last_is_no_alarm_yet() -> None:
    found = judge("u", _points((0, 9), (14, 9)))
    assert [(e.rule, e.ended_at) for e in found] == [("warm", None)]


def test_two_runs_are_two_episodes() -> None:
    found = judge("u", _points((0, 9), (5, 7), (10, 9), (15, 7)))
    assert [e.rule for e in found] == ["warm", "warm"]


def test_frost_counts_at_minus_a_half() -> None:
    assert {e.rule for e in judge("u", _points((0, -0.5), (10, 3)))} == {"cool", "freeze"}


def test_minutes_above_hold_from_reading_to_reading_and_are_clipped() -> None:
    points = _points((0, 5), (10, 9), (40, 8), (50, 9))
    since, until = NOON + timedelta(minutes=20), NOON + timedelta(minutes=55)
    assert minutes_above(points, since, until, 8) == 25
