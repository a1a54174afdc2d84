"""Exposure from sums is exposure from readings, whatever came in which order, and summed when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from schemas.reading import Reading
from tests.integration.country import NOW, load_registry
from tests.integration.trace.minutes import Probe, walk
from traceapp.capture.listing import list_days
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.summing import Summed, sum_days
from traceapp.db import Database
from traceapp.models.unit import Unit
from traceapp.models.unit_day import Summing, UnitDay
from traceapp.rules.exposure import Exposure, Limits
from traceapp.trace.exposure import Climate

START = datetime(2021, 5, 4, tzinfo=UTC)
DAYS = 2
#: When all days of the examples are over.
LATER = START + timedelta(days=DAYS + 4)
_END = DAYS * 1_440
_DAYS_LIFE = {"VVM2": 2, "VVM7": 7, "VVM14": 14, "VVM30": 30}
_numbers = count(1)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def sum_all(database: Database, now: datetime = LATER) -> list[Summed]:
    """List and sum until nothing is left; what was summed."""
    summed: list[Summed] = []
    for _ in range(2_000):
        with database.begin() as session:
            some = sum_days(session, 7)
            is_going_on = some or list_days(session, now)
        summed += some
        if not is_going_on and not stale(database):
            return summed
    raise AssertionError("Summing never ends.")


def stale(database: Database) -> int:
    with database.read() as session:
        return len(session.execute(select(UnitDay).where(UnitDay.stale_hours != 0)).all())


def begin_with(database: Database, day: datetime) -> None:
    """Let summing begin with a day, from nothing."""
    with database.begin() as session:
        session.execute(delete(UnitDay))
        session.execute(delete(Summing))
        session.add(Summing(id=1, until_on=day.date(), listed_unit_id=None, fence=0))


@dataclass
class Place:
    """Two units and two probes of one example, in the record and in the oracle's words."""

    database: Database
    number: int = field(default_factory=lambda: next(_numbers))
    probes: list[Probe] = field(default_factory=list)

    def __post_init__(self) -> None:
        documents = [
            {"kind": "unit", "code": self.unit(name), "site": "CLINIC", "name": "箱",
             "type": "refrigerator"} for name in "AB"
        ]  # fmt: skip
        load_registry(self.database, documents)
        begin_with(self.database, START)

    def unit(self, name: str) -> str:
        return f"{name}-{self.number}"

    def register(self, probe: int, interval: int, silence: int, unit: str, minute: int) -> None:
        """Register a probe, move it to a unit from a minute on, or change its pace."""
        while len(self.probes) <= probe:
            self.probes.append(Probe([]))
        one = self.probes[probe]
        document = {"kind": "sensor", "code": f"P{probe}-{self.number}", "unit": self.unit(unit),
                    "interval_s": interval * 60, "silence_s": silence * 60}  # fmt: skip
        if one.places:
            document["attached_from"] = at(minute).isoformat()
        load_registry(self.database, [document])
        one.interval, one.silence = interval, silence
        if not one.places:
            one.places = [(float("-inf"), unit)]
        elif one.places[-1][1] != unit:
            one.places = [place for place in one.places if place[0] < minute]
            one.places.append((minute, unit))

    def send(self, probe: int, said: dict[int, float]) -> None:
        while len(self.probes) <= probe:
            self.probes.append(Probe([]))
        readings = [Reading(at(minute), celsius) for minute, celsius in said.items()]
        with self.database.begin() as session:
            message = ReadingMessage(f"P{probe}-{self.number}", readings)
            record_readings(session, [message], NOW)
        one = self.probes[probe]
        first = {minute: c for minute, c in said.items() if minute not in one.heard}
        one.heard |= first.keys()
        one.said |= {minute: c for minute, c in first.items() if -110 <= c <= 80}

    def exposure(self, unit: str, start: int, end: int, limits: Limits) -> Exposure:
        with self.database.read() as session:
            [unit_id] = session.scalars(select(Unit.id).where(Unit.code == self.unit(unit)))
            return Climate(session).exposure(unit_id, at(start), at(end), limits)

    def agree(self, unit: str, start: int, end: int, limits: Limits) -> None:
        """Assert that the record says what a walk through every minute says."""
        said = self.exposure(unit, start, end, limits)
        walked = walk(self.probes, unit, start, end, limits)
        assert said.observed_minutes == walked["observed"]
        assert said.unknown_minutes == walked["unknown"]
        assert said.minutes_above == pytest.approx(walked["above"], rel=1e-9, abs=1e-9)
        assert said.minutes_below == pytest.approx(walked["below"], rel=1e-9, abs=1e-9)
        assert said.degree_minutes_above == pytest.approx(walked["degrees"], rel=1e-9, abs=1e-9)
        assert said.kinetic_sum == pytest.approx(walked["kinetic"], rel=1e-9, abs=1e-300)
        assert (said.min_celsius, said.max_celsius) == (walked["low"], walked["high"])
        assert dict(said.budget_minutes) == pytest.approx(walked["spent"], rel=1e-9, abs=1e-9)
        if limits.vvm is not None:
            used = walked["vvm"] / (_DAYS_LIFE[limits.vvm] * 1_440)
            assert said.vvm_life_used == pytest.approx(used, rel=1e-9, abs=1e-300)


minutes = st.integers(0, _END - 1)
values = st.sampled_from([-20.0, -0.5, 1.9, 2.0, 4.5, 5.0, 8.0, 8.1, 9.0, 25.0, 99.0])
sent = st.tuples(
    st.just("send"), st.integers(0, 1), st.dictionaries(minutes, values, min_size=1, max_size=25)
)
steady = st.builds(
    lambda probe, start, step, length, low: (
        "send", probe, {start + step * n: low + n % 3 for n in range(length)}),
    st.integers(0, 1), minutes, st.sampled_from([5, 10, 25]), st.integers(50, 150), values,
)  # fmt: skip
registered = st.tuples(
    st.just("register"), st.integers(0, 1), st.sampled_from([5, 10, 60]),
    st.sampled_from([15, 30, 120, 2_000]), st.sampled_from("AAB"), minutes,
)  # fmt: skip
summed = st.tuples(st.just("sum"), st.integers(0, DAYS + 4))
limits = st.builds(
    Limits,
    st.sampled_from([2.0, -25.0, 4.7]), st.sampled_from([8.0, -15.0, 4.8]), st.booleans(),
    st.sampled_from([None, "VVM2", "VVM7", "VVM14", "VVM30"]),
    st.dictionaries(st.sampled_from([8.0, 6.0, 24.9]), st.just(100.0), max_size=2),
)  # fmt: skip
stretches = st.tuples(st.sampled_from("AB"), st.integers(-600, _END), st.integers(1, _END + 600))
acts = st.lists(st.one_of(sent, steady, registered, summed), min_size=2, max_size=9)
asked = st.lists(st.tuples(stretches, limits), min_size=2, max_size=4)


def play(database: Database, acts: list[Any], asked: list[Any]) -> None:
    """Let things happen, summing now and then, and compare with the walk after each.

    The same is asked every time: what was remembered of it must not outlive a change.
    """
    place = Place(database)
    place.register(0, 10, 30, "A", 0)
    for name, *told in [*acts, ("sum", DAYS + 4)]:
        if name == "sum":
            sum_all(database, START + timedelta(days=told[0]))
        else:
            getattr(place, name)(*told)
        for (unit, start, length), product in asked:
            place.agree(unit, start, start + length, product)


_together = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)


@_together
@given(acts, asked)
def test_sums_and_readings_say_the_same_whatever_came_when(
    database: Database, acts: list[Any], asked: list[Any]
) -> None:
    play(database, acts, asked)
