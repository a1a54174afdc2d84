"""Whose fault it is decides: content costs itself alone, a database that is away is waited for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import InternalError, OperationalError

from ingest.pipeline import Pipeline, Stopping
from tests.fakes.broker import FakeBroker
from tests.integration.country import REGISTRY, load_registry
from tests.integration.ingest.conftest import Clock
from tests.servers.postgresql import PostgreSQL
from tests.servers.schema import create_schema
from traceapp.db import Database, open_database
from traceapp.models.reading import Reading
from traceapp.models.rejection import Rejection

S1 = "coldchain/v1/CLINIC/S1"
POISON = 66.6
Settle = Callable[[], int]


def reading(minute: int, celsius: float = 4.0) -> dict[str, Any]:
    return {"at": f"2021-05-09T08:{minute:02}:00+08:00", "celsius": celsius}


def send(broker: FakeBroker, *documents: Any) -> None:
    for document in documents:
        broker.send(f"{S1}/readings", json.dumps(document))


def stored(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Reading)) or 0


def rejections(database: Database) -> list[Rejection]:
    with database.read() as session:
        return list(session.scalars(select(Rejection)))


def refuse_poison(database: Database) -> None:
    """Let the database itself refuse what every schema takes."""
    on_sqlite = (
        f"CREATE TRIGGER poison BEFORE INSERT ON reading WHEN NEW.celsius = {POISON} "
        "BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    on_postgresql = f"ALTER TABLE reading ADD CONSTRAINT poison CHECK (celsius <> {POISON})"
    with database.begin() as session:
        session.execute(text(on_sqlite if database.is_sqlite else on_postgresql))


def fail(database: Database, error: Exception, times: int = 1_000_000) -> None:
    """Let the driver raise `error` where poison is written; not more often than `times`."""
    left = [times]

    @event.listens_for(database.engine, "before_cursor_execute")
    def _fail(*heard: Any) -> None:
        statement, parameters = heard[2], heard[3]
        if "INSERT INTO reading" in statement and str(POISON) in str(parameters) and left[0]:
            left[0] -= 1
            raise error


@pytest.mark.parametrize("place", [0, 5, 9])
def test_a_message_that_the_database_refuses_costs_itself_alone(
    place: int, broker: FakeBroker, settle: Settle, database: Database
) -> None:
    refuse_poison(database)
    send(broker, *(reading(minute, POISON if minute == place else 4.0) for minute in range(10)))
    settle()
    assert stored(database) == 9
    [kept] = rejections(database)
    assert (kept.reason, kept.topic) == ("database_refused", f"{S1}/readings")
    assert json.loads(kept.payload) == reading(place, POISON)
    assert broker.unacknowledged == 0
    assert [topic for topic, _ in broker.heard] == ["coldchain/v1/CLINIC/rejections"]


def test_one_bad_item_of_a_list_does_not_cost_the_good_ones(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    refuse_poison(database)
    readings = [reading(0), reading(1, POISON), {"celsius": "?"}, reading(3)]
    send(broker, {"ref": "r", "readings": readings})
    settle()
    assert stored(database) == 2
    kept = {(row.reason, row.field): json.loads(row.payload) for row in rejections(database)}
    assert kept == {
        ("database_refused", "[1]"): readings[1],
        ("invalid", "[2].at"): readings[2],
    }
    [ack] = [json.loads(payload) for topic, payload in broker.heard if topic == f"{S1}/acks"]
    assert ack == {"ref": "r", "stored": 2, "repeated": 0, "refused": 2}


@pytest.mark.parametrize("error", [OverflowError("too large"), KeyError("a mistake of ours")])
def test_content_that_breaks_the_line_is_kept_and_the_line_goes_on(
    error: Exception, broker: FakeBroker, settle: Settle, database: Database
) -> None:
    fail(database, error)
    send(broker, reading(0), reading(1, POISON), reading(2))
    settle()
    assert stored(database) == 2
    reason = "unforeseen" if isinstance(error, KeyError) else "database_refused"
    assert [row.reason for row in rejections(database)] == [reason]
    assert broker.unacknowledged == 0


def test_a_mistake_that_every_sensor_meets_ends_the_step_and_nothing_is_acknowledged(
    broker: FakeBroker, pipeline: Pipeline, database: Database
) -> None:
    fail(database, KeyError("a mistake of ours"))
    for sensor in ("S1", "S2", "T1", "C1"):
        topic = f"coldchain/v1/CLINIC/{sensor}/readings"
        broker.send(topic, json.dumps(reading(0, POISON)))
    with pytest.raises(KeyError):
        pipeline.step()
    assert broker.unacknowledged == 4


def test_one_broken_device_never_stops_the_others(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    fail(database, KeyError("a mistake of ours"))
    send(broker, [reading(minute, POISON) for minute in range(10)])
    send(broker, *(reading(minute, POISON) for minute in range(10, 20)), reading(20))
    settle()
    assert stored(database) == 1
    assert len(rejections(database)) == 20


def test_a_database_that_is_away_is_waited_for_and_nothing_is_acknowledged(
    broker: FakeBroker, pipeline: Pipeline, database: Database, clock: Clock
) -> None:
    fail(database, OperationalError("INSERT", {}, Exception("no route")), times=2)
    held: list[int] = []
    clock.on_pause = lambda: held.append(broker.unacknowledged)
    send(broker, reading(0), reading(1, POISON))
    assert pipeline.step() == 2
    assert held == [2, 2]
    assert clock.pauses == [0.5, 1.0]
    assert (stored(database), rejections(database), broker.unacknowledged) == (2, [], 0)


def test_a_message_that_always_makes_the_database_fail_is_found_and_kept(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    fail(database, OperationalError("INSERT", {}, Exception("index row size exceeds maximum")))
    send(broker, reading(0), reading(1, POISON), reading(2))
    settle()
    assert stored(database) == 2
    assert [row.reason for row in rejections(database)] == ["database_refused"]
    assert broker.unacknowledged == 0


def test_a_stop_while_the_database_is_away_leaves_the_batch_with_the_broker(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    fail(database, OperationalError("INSERT", {}, Exception("no route")))
    pipeline = Pipeline(
        broker, database, clock, pause=clock.pause, is_stopping=lambda: bool(clock.pauses)
    )
    send(broker, reading(1, POISON))
    with pytest.raises(Stopping):
        pipeline.step()
    assert broker.unacknowledged == 1


@pytest.mark.parametrize(
    "error", [InternalError("INSERT", {}, Exception("broken page")), MemoryError()]
)
def test_a_broken_world_ends_the_step_and_nothing_is_acknowledged(
    error: Exception, broker: FakeBroker, pipeline: Pipeline, database: Database
) -> None:
    fail(database, error, times=1)
    send(broker, reading(0), reading(1, POISON))
    with pytest.raises(type(error)):
        pipeline.step()
    assert broker.unacknowledged == 2
    broker.cut()
    assert pipeline.step() == 2
    assert (stored(database), rejections(database), broker.unacknowledged) == (2, [], 0)


def test_a_killed_postgresql_is_waited_for_until_it_is_back(
    own_postgresql: PostgreSQL, broker: FakeBroker, clock: Clock
) -> None:
    url = own_postgresql.url(own_postgresql.create_database())
    create_schema(url)
    database = open_database(url)
    load_registry(database, REGISTRY)
    pipeline = Pipeline(broker, database, clock, pause=clock.pause)
    send(broker, reading(0))
    pipeline.step()
    own_postgresql.kill()
    clock.on_pause = lambda: own_postgresql.start() if len(clock.pauses) == 2 else None
    send(broker, reading(1), reading(2))
    assert pipeline.step() == 2
    assert (stored(database), broker.unacknowledged) == (3, 0)
    assert len(clock.pauses) >= 2
    database.close()
