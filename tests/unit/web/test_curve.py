"""The geometry of the curve: nothing is lost, and what is outside the plot stays outside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.web.documents import at, series
from traceapp.rules.calendar import CHINA
from traceapp.web.curve import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_curve

_CELSIUS = st.floats(-110, 80)


def _series(readings: list[tuple[int, float]], **changed: Any) -> dict[str, Any]:
    points = [{"at": at(m / 60), "celsius": c, "sensor": "A"} for m, c in readings]
    empty = {"unit": "U", "from": at(0), "to": at(24), "points": points, "limits": {}}
    return {**empty, "excursions": [], "silences": [], **changed}


@given(st.lists(st.tuples(st.integers(0, 1440), _CELSIUS), max_size=60))
def test_every_reading_is_on_the_plot(readings: list[tuple[int, float]]) -> None:
    curve = draw_curve(_series(readings), CHINA)
    places = [pair.split(",") for line in curve.lines for pair in line.points.split()]
    assert len(places) == len(readings)
    for x, y in places:
        assert LEFT <= float(x) <= WIDTH - RIGHT
        assert TOP <= float(y) <= HEIGHT - BOTTOM


@given(st.lists(st.tuples(st.integers(0, 1440), _CELSIUS), min_size=1, max_size=60))
def test_the_coldest_and_the_warmest_are_named(readings: list[tuple[int, float]]) -> None:
    curve = draw_curve(_series(readings), CHINA)
    assert curve.coldest == min(c for _, c in readings)
    assert curve.warmest == max(c for _, c in readings)


def test_nothing_is_drawn_through_a_silence() -> None:
    curve = draw_curve(series(), CHINA)
    assert len(curve.lines) == 2
    [gap] = curve.silences
    ends = [float(line.points.split()[-1].split(",")[0]) for line in curve.lines]
    assert ends[0] <= gap.x


def test_two_sensors_are_two_lines() -> None:
    document = _series([(0, 4.0), (10, 5.0)])
    document["points"] += [{"at": at(0.1), "celsius": 6.0, "sensor": "B"}]
    curve = draw_curve(document, CHINA)
    assert curve.sensors == ["A", "B"]
    assert [line.dot is None for line in curve.lines] == [True, False]


def test_an_open_excursion_reaches_the_edge() -> None:
    found = {"id": 1, "side": "below", "level": "alarm", "started_at": at(12), "ended_at": None}
    curve = draw_curve(_series([(0, 4.0)], excursions=[found]), CHINA)
    [box] = curve.episodes
    assert (box.kind, box.x + box.width) == ("cold", WIDTH - RIGHT)


def test_a_curve_without_readings_or_limits_is_an_empty_plot() -> None:
    curve = draw_curve(_series([]), CHINA)
    assert (curve.lines, curve.band, curve.coldest) == ([], None, None)


def test_a_span_of_any_length_has_a_few_marks_of_time() -> None:
    for hours in (1, 6, 24, 24 * 7, 24 * 30, 24 * 365):
        document = _series([(0, 4.0)], to=at(0) + timedelta(hours=hours))
        assert 3 <= len(draw_curve(document, CHINA).columns) <= 14
