"""The telling sends everything once, in time, and never from the future."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from traceapp.simulate.desk import Desk, DeskUnreachable
from traceapp.simulate.district import Document, unit_named
from traceapp.simulate.fleet import Fleet
from traceapp.simulate.publisher import Publisher
from traceapp.simulate.story import LIVE_UNIT, Story
from traceapp.simulate.telling import Telling

END = datetime(2026, 11, 20, 4, 42, tzinfo=UTC)


class Ear(Publisher):
    """A publisher that keeps what it is given instead of sending it."""

    def __init__(self) -> None:
        super().__init__("mqtt://127.0.0.1:1")
        self.readings: dict[str, list[datetime]] = {}
        self.movements = 0

    def send_readings(self, site: str, sensor: str, readings: Sequence[Document]) -> None:
        """Keep the moments of the readings."""
        assert site.isdigit()
        moments = [datetime.fromisoformat(str(reading["at"])) for reading in readings]
        self.readings.setdefault(sensor, []).extend(moments)

    def send_movements(self, site: str, movements: Sequence[Document]) -> None:
        """Count the movements."""
        assert site.isdigit()
        self.movements += len(movements)


def _sensor() -> str:
    return unit_named(LIVE_UNIT).sensors[0]


def test_the_past_of_the_last_unit_is_held_back_so_that_its_excursion_opens_while_you_look() -> (
    None
):
    ear, story = Ear(), Story(1, END)
    Telling(story, ear).tell_past(lambda: None, hold_back=True)
    newest = ear.readings.pop(_sensor())[-1]
    assert timedelta(minutes=17) < END - newest < timedelta(minutes=30)
    assert all(END - moments[-1] < timedelta(minutes=10) for moments in ear.readings.values())
    assert ear.movements == len(story.journey.reports)


def test_the_present_follows_the_past_without_gap_or_repetition_up_to_now() -> None:
    ear, story = Ear(), Story(1, END)
    telling = Telling(story, ear)
    telling.tell_past(lambda: None, hold_back=True)
    now = END + timedelta(minutes=21)
    turns = iter([False, False, True])
    telling.tell_present(1e9, lambda: now, lambda: next(turns))
    expected = [
        reading.at
        for reading, _ in zip(
            story.readings(unit_named(LIVE_UNIT), _sensor()),
            ear.readings[_sensor()],
            strict=False,
        )
    ]
    assert ear.readings[_sensor()] == expected
    assert now - timedelta(minutes=2) < ear.readings[_sensor()][-1] <= now


def test_a_fleet_is_as_large_as_asked_for_and_keeps_nothing_in_memory() -> None:
    ear, fleet = Ear(), Fleet(1, END, 4, 25)
    telling = Telling(fleet, ear)
    telling.tell_past(lambda: None, hold_back=False)
    assert len(ear.readings) == 25
    assert not any(series.told for series in telling.series)
    kinds = [document["kind"] for document in fleet.registry]
    assert [kinds.count(kind) for kind in ("site", "unit", "sensor")] == [3, 25, 25]


def test_an_absurd_fleet_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0"):
        Fleet(1, END, 4, 0)


class Counter(Desk):
    """An API that is away for the first question and then takes every dose."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1")
        self.asked = 0
        self.taken: list[object] = []

    def post(self, path: str, document: object) -> None:
        """Take a dose, the first time only after it was asked twice."""
        assert path == "/api/v1/doses"
        self.asked += 1
        if self.asked == 1:
            raise DeskUnreachable("nobody there")
        self.taken.append(document)


def test_a_dose_is_posted_again_when_the_web_was_away_for_a_moment() -> None:
    story, desk = Story(1, END), Counter()
    telling = Telling(story, Ear(), desk)
    telling.tell_past(lambda: None, hold_back=False)
    assert desk.taken == [dose.document for dose in story.doses]
    assert telling.doses_told == len(story.doses)
    assert desk.asked == len(story.doses) + 1
