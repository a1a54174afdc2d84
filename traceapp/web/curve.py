"""The geometry of a temperature curve: a series document becomes shapes in an SVG's own units.

Pure: nothing is smoothed or left out here; the series already keeps every minimum and maximum.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from math import ceil, floor
from typing import Any

from schemas.fields import parse_moment

WIDTH, HEIGHT = 1040, 330
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 12, 30
_CELSIUS_STEPS = (0.5, 1, 2, 5, 10, 20, 50)
_HOUR_STEPS = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2160)
_MOST_ROWS, _MOST_COLUMNS = 7, 12


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One stretch of one sensor: `points` as SVG wants them; a lone reading is a dot."""

    sensor: int
    points: str
    dot: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A stretch of time from the left edge: an excursion or a silence."""

    x: float
    width: float
    kind: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Everything that the template draws; `lowest` and `highest` are °C at the plot's edges."""

    begin: datetime
    end: datetime
    lowest: float
    highest: float
    rows: list[Tick]
    columns: list[Tick]
    lines: list[Line]
    sensors: list[str]
    episodes: list[Box]
    silences: list[Box]
    band: tuple[float, float] | None
    limits: list[Tick]
    coldest: float | None
    warmest: float | None


class _Plane:
    """Turns moments and temperatures into places on the drawing."""

    def __init__(self, begin: datetime, end: datetime, lowest: float, highest: float) -> None:
        self.begin, self.lowest = begin, lowest
        self._second = (WIDTH - LEFT - RIGHT) / max((end - begin).total_seconds(), 1.0)
        self._degree = (HEIGHT - TOP - BOTTOM) / (highest - lowest)

    def x(self, at: datetime) -> float:
        place = LEFT + (at - self.begin).total_seconds() * self._second
        return round(min(max(place, LEFT), WIDTH - RIGHT), 1)

    def y(self, celsius: float) -> float:
        return round(HEIGHT - BOTTOM - (celsius - self.lowest) * self._degree, 1)


def draw_curve(series: dict[str, Any], timezone: tzinfo) -> Curve:
    """Lay out a series document of contract §5; hours are drawn in `timezone`."""
    begin, end = _moment(series["from"]), _moment(series["to"])
    points = [(_moment(p["at"]), float(p["celsius"]), p.get("sensor")) for p in series["points"]]
    limits = series.get("limits") or {}
    low, high = limits.get("min_celsius"), limits.get("max_celsius")
    values = [celsius for _, celsius, _ in points]
    step, lowest, highest = _rows([*values, *(v for v in (low, high) if v is not None)])
    plane = _Plane(begin, end, lowest, highest)
    silences = series.get("silences") or []
    sensors = sorted({str(sensor) for _, _, sensor in points})
    floor_y, ceiling_y = plane.y(lowest), plane.y(highest)
    return Curve(
        begin=begin,
        end=end,
        lowest=lowest,
        highest=highest,
        rows=_temperatures(plane, step, lowest, highest),
        columns=_hours(plane, begin, end, timezone),
        lines=_lines(plane, points, sensors, silences),
        sensors=sensors,
        episodes=_episodes(plane, series.get("excursions") or [], end),
        silences=[_box(plane, gap["from"], gap.get("until"), end) for gap in silences],
        band=_band(plane, low, high, floor_y, ceiling_y),
        limits=[Tick(plane.y(v), _degrees(v)) for v in (low, high) if v is not None],
        coldest=min(values, default=None),
        warmest=max(values, default=None),
    )


def _moment(value: datetime | str) -> datetime:
    return parse_moment(value) if isinstance(value, str) else value


def _degrees(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _rows(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the grid's step and the edges of the plot, in °C, around every value."""
    least, most = min(values, default=0.0), max(values, default=10.0)
    spread = max(most - least, 4.0)
    step = next((s for s in _CELSIUS_STEPS if spread / s <= _MOST_ROWS - 1), 100.0)
    lowest = floor((least - 0.1 * step) / step) * step
    highest = ceil((most + 0.1 * step) / step) * step
    return step, lowest, max(highest, lowest + 2 * step)


def _temperatures(plane: _Plane, step: float, lowest: float, highest: float) -> list[Tick]:
    count = round((highest - lowest) / step)
    values = [lowest + step * n for n in range(count + 1)]
    texts = [*(_degrees(value) for value in values[:-1]), f"{_degrees(values[-1])} °C"]
    return [Tick(plane.y(value), text) for value, text in zip(values, texts, strict=True)]


def _hours(plane: _Plane, begin: datetime, end: datetime, timezone: tzinfo) -> list[Tick]:
    hours = (end - begin).total_seconds() / 3600
    step = next((s for s in _HOUR_STEPS if hours / s <= _MOST_COLUMNS), _HOUR_STEPS[-1])
    here = begin.astimezone(timezone)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    first = ceil((here - midnight).total_seconds() / 3600 / step)
    ticks = []
    for n in range(first, first + _MOST_COLUMNS + 2):
        at = midnight + timedelta(hours=step * n)
        if at > end:
            break
        is_day = (at.hour, at.minute) == (0, 0)
        ticks.append(Tick(plane.x(at), at.strftime("%m-%d" if is_day else "%H:%M")))
    return ticks


def _lines(
    plane: _Plane,
    points: Iterable[tuple[datetime, float, Any]],
    sensors: list[str],
    silences: Sequence[dict[str, Any]],
) -> list[Line]:
    """Join the readings of each sensor; nothing is drawn through a silence of the unit."""
    edges = sorted(_moment(gap["from"]) for gap in silences)
    lines = []
    for name in sensors:
        own = sorted((p for p in points if str(p[2]) == name), key=lambda p: p[0])
        for _, group in groupby(own, key=lambda p: bisect_left(edges, p[0])):
            stretch = [(plane.x(at), plane.y(celsius)) for at, celsius, _ in group]
            text = " ".join(f"{x},{y}" for x, y in stretch)
            lone = stretch[0] if len(stretch) == 1 else None
            lines.append(Line(sensors.index(name), text, lone))
    return lines


def _box(
    plane: _Plane,
    begin: datetime | str,
    until: datetime | str | None,
    end: datetime,
    kind: str = "",
    id: str = "",  # noqa: A002  the excursion's own word
) -> Box:
    left = plane.x(_moment(begin))
    right = plane.x(end if until is None else _moment(until))
    return Box(left, round(max(right - left, 1.5), 1), kind, id)


def _episodes(plane: _Plane, excursions: Sequence[dict[str, Any]], end: datetime) -> list[Box]:
    """Return the boxes of excursions, notices first so that alarms lie above them."""
    ordered = sorted(excursions, key=lambda excursion: excursion["level"] == "alarm")
    return [_episode(plane, excursion, end) for excursion in ordered]


def _episode(plane: _Plane, excursion: dict[str, Any], end: datetime) -> Box:
    kind = "cold" if excursion["side"] == "below" else ""
    if excursion["level"] == "notice":
        kind = "notice"
    started, ended = excursion["started_at"], excursion.get("ended_at")
    return _box(plane, started, ended, end, kind, str(excursion["id"]))


def _band(
    plane: _Plane, low: float | None, high: float | None, floor_y: float, ceiling_y: float
) -> tuple[float, float] | None:
    """Return the top and the height of what is allowed."""
    if low is None and high is None:
        return None
    top = ceiling_y if high is None else plane.y(high)
    bottom = floor_y if low is None else plane.y(low)
    return top, round(bottom - top, 1)
