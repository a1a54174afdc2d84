"""What an ingester knows by heart never changes a verdict, whoever else writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ingest.metrics import REGISTRY
from ingest.partition import HeldDatabase
from ingest.pipeline import Pipeline
from schemas.reading import Reading
from tests.fakes.broker import FakeBroker
from tests.integration.capture.test_generated_series import (
    Told,
    expected_excursions,
    expected_runs,
    lines_of_runs,
    make_place,
    reading_of,
    stored_excursions,
    stored_runs,
    told,
)
from tests.integration.country import NOW, load_registry
from tests.integration.country import REGISTRY as COUNTRY
from tests.integration.noticing import notice_silence
from tests.unit.rules.generated import examples
from traceapp.capture.judging import judge_sensors
from traceapp.capture.lease import take
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.models.base import microseconds
from traceapp.models.excursion import Excursion
from traceapp.models.reading import Reading as ReadingRow
from traceapp.models.sensor import Sensor

Writer = Callable[[list[tuple[str, Reading]]], None]


def ingester(database: Database, name: str, clock: Callable[[], datetime]) -> Pipeline:
    """A line of its own that holds the partition of that name."""
    with database.begin() as session:
        lease = take(session, name, name, name, NOW, has_ended=lambda _: True)
    assert lease is not None
    return Pipeline(FakeBroker(window=1_000), HeldDatabase(database, lease), clock)


def say(pipeline: Pipeline, batch: list[tuple[str, Reading]], site: str = "CDC") -> None:
    """Let a line hear a batch, each reading in a message of its own."""
    broker = pipeline._broker
    assert isinstance(broker, FakeBroker)
    for code, reading in batch:
        content = {name: one for name, one in reading._asdict().items() if one is not None}
        broker.send(f"coldchain/v1/{site}/{code}/readings", msgspec.json.encode(content))
    while pipeline.step():
        pass


def quiet() -> float:
    """How many readings no line has looked up so far."""
    return REGISTRY.get_sample_value("ingest_quiet_readings_total") or 0.0


_FROST = {"cool", "cold", "freeze"}
_RULES: list[dict[str, Any]] = [
    {"code": "warm", "level": "notice", "side": "above", "minutes": 0, "limit_celsius": 8.0},
    {"code": "hot", "level": "alarm", "side": "above", "minutes": 15, "limit_celsius": 8.0},
    {"code": "cold", "level": "alarm", "side": "below", "minutes": 15, "limit_celsius": 2.0},
    {"code": "sum", "level": "alarm", "side": "above", "minutes": 20, "limit_celsius": 8.0}
    | {"mode": "cumulative", "window_minutes": 120},
]


@st.composite
def calmer(draw: st.DrawFn) -> Told:
    """A refrigerator of which there is little to say, most of the time."""
    case = draw(told())
    calm = Random(draw(st.integers(0, 2**32)))
    numbers = draw(st.booleans())
    held = {}
    for code, samples in case.series.items():
        samples = [
            one._replace(seq=seq if numbers else None, boot="a")
            if calm.random() < 0.15
            else one._replace(
                celsius=calm.choice([3.0, 4.9, 5.0, 7.9]), is_implausible=False, power=None,
                door_open=False, battery=80.0, seq=seq if numbers else None, boot="a",
            )
            for seq, one in enumerate(samples)
        ]  # fmt: skip
        held[code] = samples
    silence_s = draw(st.sampled_from([900, 3_600, 3_600]))
    return replace(case, rules=_RULES, series=held, now=NOW, silence_s=silence_s)


@st.composite
def warmer(draw: st.DrawFn) -> Told:
    """Two probes that are too warm or too cold for hours, and now and then say anything else."""
    case = draw(told())
    chance = Random(draw(st.integers(0, 2**32)))
    bands = [[4.0, 5.0], [8.5, 9.0, 11.0], [8.5, 9.0, 11.0], [1.0, 1.5], [-3.0, 1.0]]
    held = {}
    for code, samples in case.series.items():
        said, band = [], bands[0]
        for one in samples:
            band = chance.choice(bands) if chance.random() < 0.1 else band
            celsius = one.celsius if chance.random() < 0.05 else chance.choice(band)
            said.append(
                one._replace(celsius=celsius, is_implausible=not -110 <= celsius <= 80, power=None,
                             door_open=False, battery=80.0, seq=None, boot=None)
            )  # fmt: skip
        held[code] = said
    rules = [rule for rule in _RULES if rule["code"] != "sum"]
    silence_s = draw(st.sampled_from([900, 3_600, 3_600]))
    return replace(case, rules=rules, series=held, now=NOW, silence_s=silence_s)


def send_by_many(database: Database, case: Told) -> None:
    """Mostly in order, by two ingesters that hear the same sensors, and over HTTP."""
    lines = [ingester(database, name, lambda: case.now) for name in ("one", "two")]
    chance = case.chance
    way = [(code, reading_of(one)) for code, held in case.series.items() for one in held]
    delays = chance.choice([[0], [0] * 9 + [60]])
    way.sort(key=lambda one: one[1].at + timedelta(minutes=chance.choice(delays)))
    way += chance.sample(way, len(way) // 8)
    busiest = chance.choice(lines)
    while way:
        batch, way = way[: (size := chance.randint(1, 6))], way[size:]
        _send_batch(database, case, chance.choice([busiest] * 20 + lines), batch)


def _send_batch(
    database: Database, case: Told, line: Pipeline, batch: list[tuple[str, Reading]]
) -> None:
    chance, newest = case.chance, max(one.at for _, one in batch)
    if chance.random() < 0.93:
        say(line, batch, chance.choice(["CDC", "CLINIC"]))
        return
    with database.begin() as session:
        record_readings(session, [ReadingMessage(code, [one]) for code, one in batch], case.now)
        if chance.random() < 0.3:
            notice_silence(session, newest + timedelta(minutes=chance.randint(0, 90)))
        if chance.random() < 0.2:
            codes = Sensor.code.in_(case.series)
            judge_sensors(session, set(session.scalars(select(Sensor.id).where(codes))), case.now)


@pytest.mark.parametrize("cases", [calmer(), warmer()], ids=["calmer", "warmer"])
def test_two_ingesters_and_http_with_the_same_sensors_give_the_same_episodes(
    database: Database, cases: st.SearchStrategy[Told]
) -> None:
    before = quiet()

    @examples(60 if database.is_sqlite else 20)
    @given(cases)
    def check(case: Told) -> None:
        unit = make_place(database, case)
        send_by_many(database, case)
        with database.begin() as session:
            notice_silence(session, NOW)
        assert stored_runs(database, list(case.series)) == lines_of_runs(expected_runs(case))
        assert stored_excursions(database, unit) == expected_excursions(case)

    check()
    assert quiet() > before + 10, "hardly anything was known by heart: the test says little"


def calm(minutes: range, celsius: float = 5.0) -> list[tuple[str, Reading]]:
    return [
        ("S1", Reading(NOW - timedelta(days=1) + timedelta(minutes=m), celsius)) for m in minutes
    ]


def test_a_quiet_reading_is_stored_without_looking_anything_up(database: Database) -> None:
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    before = quiet()
    say(line, calm(range(0, 100, 10)))
    assert quiet() == before, "of the first batch nothing is known"
    say(line, calm(range(100, 200, 10)))
    assert quiet() == before + 10
    with database.read() as session:
        assert len(session.scalars(select(ReadingRow)).all()) == 20
        assert session.scalars(select(Excursion)).all() == []


@pytest.mark.parametrize(
    ("celsius", "rules"), [(9.0, {"warm", "hot"}), (1.0, {"cool", "cold"}), (-1.0, _FROST)]
)
def test_what_stays_too_warm_or_too_cold_goes_on_without_looking_anything_up(
    database: Database, celsius: float, rules: set[str]
) -> None:
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    say(line, calm(range(0, 100, 10)))
    say(line, calm(range(100, 130, 10), celsius))
    before = quiet()
    worse = 1 if celsius > 5 else -1
    for minute in range(130, 190, 10):
        say(line, calm(range(minute, minute + 1), celsius + worse * (minute == 150)))
    assert quiet() == before + 6
    with database.read() as session:
        found = {one.rule: one for one in session.scalars(select(Excursion))}
    assert set(found) == rules
    for one in found.values():
        assert (one.state, one.minutes, one.peak_celsius) == ("open", 80.0, celsius + worse)
        assert one.revision == 1
    say(line, calm(range(190, 200, 10)))
    assert quiet() == before + 6
    with database.read() as session:
        assert {one.minutes for one in session.scalars(select(Excursion))} == {90.0}


def test_what_somebody_else_stores_is_not_overlooked(database: Database) -> None:
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    say(line, calm(range(0, 50, 10)))
    with database.begin() as session:
        warm = [reading for _, reading in calm(range(50, 80, 10), 12.0)]
        record_readings(session, [ReadingMessage("S1", warm)], NOW)
    say(line, calm(range(80, 100, 10)))
    with database.read() as session:
        ended = {one.rule: one.ended_at for one in session.scalars(select(Excursion))}
    assert ended == {rule: calm(range(80, 81))[0][1].at for rule in ("warm", "hot")}


def test_a_failed_transaction_leaves_nothing_known(database: Database) -> None:
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    say(line, calm(range(0, 50, 10)))
    memory = line._memory
    sensor_id = memory.names[b"coldchain/v1/CDC/S1/readings"]
    ahead = calm(range(60, 61))[0][1]
    assert memory.take(sensor_id, [microseconds(ahead.at)], [ahead], 2**61)
    say(line, [("S1", calm(range(50, 51))[0][1])])
    say(line, [("S1", ahead)])
    with database.read() as session:
        assert len(session.scalars(select(ReadingRow)).all()) == 7


def test_only_so_many_sensors_are_known(database: Database) -> None:
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    line._memory._most = 1
    chance = Random(7)
    both = [(code, one) for _, one in calm(range(0, 400, 10)) for code in ("S1", "S2")]
    while both:
        batch, both = both[: (size := chance.randint(1, 9))], both[size:]
        say(line, batch)
    assert len(line._memory) <= 1
    with database.read() as session:
        assert len(session.scalars(select(ReadingRow)).all()) == 80


@pytest.mark.parametrize("is_neighbour_late", [False, True])
def test_a_value_that_stays_is_noticed_though_each_reading_of_it_is_quiet(
    database: Database, is_neighbour_late: bool
) -> None:
    load_registry(database, COUNTRY)
    line = ingester(database, "line", lambda: NOW)
    before = quiet()
    day = range(0, 1_200, 10)
    moving = [
        ("S2", one._replace(celsius=4.0 + (minute >= 900)))
        for minute, (_, one) in zip(day, calm(day), strict=True)
    ]
    way = [pair for both in zip(calm(day), moving, strict=True) for pair in both]
    if is_neighbour_late:
        way.sort(key=lambda one: one[0])
    for start in range(0, len(way), 8):
        say(line, way[start : start + 8])
    with database.read() as session:
        [stuck] = session.scalars(select(Excursion).where(Excursion.rule == "stuck"))
    assert (stuck.started_at, stuck.triggered_at) == (way[0][1].at, calm(range(900, 901))[0][1].at)
    assert quiet() > before + 50  # A neighbour that is late is looked at each time.
