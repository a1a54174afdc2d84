"""Two ingesters that hear the same sensors, each in an order of its own: as if there were one."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, select

from config import Partition
from ingest.pipeline import Pipeline
from ingest.standby import Standby
from tests.fakes.broker import FakeBroker
from tests.integration.country import REGISTRY, load_registry
from tests.integration.ingest.conftest import NOW
from tests.integration.noticing import notice_silence
from traceapp.db import Database, open_database
from traceapp.models.excursion import Excursion, Run
from traceapp.models.reading import Reading
from traceapp.models.rejection import Conflict
from traceapp.models.sensor import Sensor
from traceapp.models.unit import Unit

BEGIN = NOW - timedelta(days=1)
PLACES = {"S1": "CLINIC", "S2": "CLINIC", "T1": "CDC", "C1": "CDC"}
Message = tuple[str, str]


def messages_of(seed: int) -> list[Message]:
    """A day of four sensors, in order: warm and cold spells, gaps, a few a message."""
    dice = random.Random(seed)
    messages = []
    for sensor, site in PLACES.items():
        moment, celsius, waiting = BEGIN, 5.0, []
        while moment < NOW - timedelta(minutes=5):
            celsius = min(max(celsius + dice.uniform(-1.2, 1.2), -4.0), 14.0)
            waiting.append({"at": moment.isoformat(), "celsius": round(celsius, 1)})
            moment += timedelta(minutes=10 if dice.random() < 0.97 else dice.randint(20, 300))
            if len(waiting) > dice.randint(0, 4):
                messages.append((f"coldchain/v1/{site}/{sensor}/readings", json.dumps(waiting)))
                waiting = []
    return messages


def shuffled(messages: list[Message], seed: int) -> list[Message]:
    """The same messages in another order, some of them twice."""
    dice = random.Random(seed)
    several = messages + dice.sample(messages, len(messages) // 10)
    return sorted(several, key=lambda _: dice.random())


def settle(database: Database, messages: list[Message], most: int, name: str = "one") -> int:
    """Let the holder of a partition take all messages; returns how many readings it stored."""
    standby = Standby(database, [Partition(name, name)], lambda: NOW, Event(), name)
    tenure = standby.look()
    assert tenure is not None
    broker = FakeBroker(window=most)
    for message in messages:
        broker.send(*message)
    pipeline = Pipeline(broker, tenure.database, lambda: NOW, most=most, pause=lambda _: None)
    while pipeline.step():
        pass
    return pipeline.stored


def judged(database: Database) -> tuple[list[Any], list[Any]]:
    """Every run and every excursion that stands once the clock has been looked at, in order."""
    with database.begin() as session:
        notice_silence(session, NOW)
    runs = select(
        Sensor.code, Run.rule, Run.started_at, Run.triggered_at, Run.ended_at, Run.peak_celsius
    ).join(Sensor, Sensor.id == Run.sensor_id)
    excursions = (
        select(
            Unit.code,
            Excursion.rule,
            Excursion.started_at,
            Excursion.triggered_at,
            Excursion.ended_at,
            Excursion.peak_celsius,
        )
        .join(Unit, Unit.id == Excursion.unit_id)
        .where(Excursion.state != "withdrawn")
    )
    with database.read() as session:
        found = [[tuple(row) for row in session.execute(query)] for query in (runs, excursions)]
    return sorted(found[0], key=str), sorted(found[1], key=str)


@pytest.fixture
def alone(sqlite_template: Path, tmp_path: Path) -> Generator[Database, None, None]:
    """A database of the same country that has only one ingester."""
    path = tmp_path / "alone.db"
    shutil.copyfile(sqlite_template, path)
    opened = open_database(f"sqlite:///{path}")
    load_registry(opened, REGISTRY)
    yield opened
    opened.close()


def in_order(messages: list[Message], seed: int) -> list[Message]:
    """The messages as their moments follow each other, those of each moment in some order."""
    dice = random.Random(seed)
    return sorted(messages, key=lambda message: (json.loads(message[1])[0]["at"], dice.random()))


@pytest.mark.parametrize(("seed", "ordered"), [(1, shuffled), (2, shuffled), (3, in_order)])
def test_two_ingesters_of_the_same_sensors_judge_as_one_that_hears_all_in_order(
    seed: int,
    ordered: Callable[[list[Message], int], list[Message]],
    database: Database,
    alone: Database,
) -> None:
    messages = messages_of(seed)
    settle(alone, messages, most=50)
    # A third goes to both; what one alone hears shows that both were at work.
    heard = [messages[0::3] + messages[1::3], messages[1::3] + messages[2::3]]
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(settle, database, ordered(heard[number], seed * 10 + number), most, name)
            for number, (name, most) in enumerate((("north", 7), ("south", 12)))
        ]
        stored = [one.result(timeout=240) for one in both]
    assert min(stored) > 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Reading)) == sum(stored)
        assert session.scalar(select(func.count()).select_from(Conflict)) == 0
    expected = judged(alone)
    assert len(expected[1]) > 10
    assert judged(database) == expected
