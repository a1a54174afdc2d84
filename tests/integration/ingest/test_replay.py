"""Refused messages are taken once more when somebody asks after putting things right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from ingest.replay import replay
from tests.fakes.broker import FakeBroker
from tests.integration.country import load_registry
from tests.integration.ingest.conftest import Clock
from tests.integration.ingest.test_faults import POISON, fail
from traceapp.capture.replay import ask_for_replay
from traceapp.db import Database
from traceapp.models.movement import Movement
from traceapp.models.rejection import Rejection

MADE = {
    "id": "m1",
    "at": "2021-05-01T00:00:00Z",
    "step": "commissioning",
    "lot": {"gtin": "06901234567892", "number": "L1"},
    "doses": 10,
}


def ask(database: Database, clock: Clock, reason: str) -> int:
    with database.begin() as session:
        return ask_for_replay(session, [Rejection.reason == reason], clock())


def refusals(database: Database) -> list[Rejection]:
    with database.read() as session:
        return list(session.scalars(select(Rejection).order_by(Rejection.id)))


def movements(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Movement)) or 0


def send(broker: FakeBroker, *documents: dict[str, Any]) -> None:
    broker.send("coldchain/v1/MAKER/movements", json.dumps(documents))


def test_a_movement_of_a_unit_that_was_registered_later_is_taken_in_after_all(
    broker: FakeBroker, database: Database, clock: Clock, settle: Callable[[], int]
) -> None:
    send(broker, MADE | {"to": "MAKER-9"}, MADE | {"id": "m2", "to": "MAKER-1"})
    settle()
    assert movements(database) == 1
    unit = {"kind": "unit", "code": "MAKER-9", "site": "MAKER", "name": "9", "type": "cold_room"}
    load_registry(database, [unit])
    assert replay(database, clock) == 0
    assert ask(database, clock, "unknown_unit") == 1
    assert replay(database, clock) == 1
    assert movements(database) == 2
    [refusal] = refusals(database)
    assert refusal.replayed_at == clock()
    assert ask(database, clock, "unknown_unit") == 0


def test_what_is_still_wrong_is_refused_again_and_asked_for_no_more(
    broker: FakeBroker, database: Database, clock: Clock, settle: Callable[[], int]
) -> None:
    send(broker, MADE | {"to": "MAKER-9"})
    broker.send("coldchain/v1/CLINIC/S1/readings", b"no json")
    settle()
    assert (ask(database, clock, "unknown_unit"), ask(database, clock, "not_json")) == (1, 1)
    assert replay(database, clock) == 0
    assert replay(database, clock) == 0
    assert [(one.times, one.replayed_at, one.replay_asked_at) for one in refusals(database)] == [
        (2, None, None),
        (2, None, None),
    ]


@pytest.mark.parametrize("error", [KeyError("a mistake of ours"), OSError("out of memory")])
def test_what_broke_the_line_is_asked_for_once_and_does_not_stop_it(
    error: Exception,
    broker: FakeBroker,
    database: Database,
    clock: Clock,
    settle: Callable[[], int],
) -> None:
    fail(database, KeyError("a mistake of ours"))
    for sensor, celsius in (("S1", POISON), ("S2", 4.0)):
        payload = {"at": "2021-05-09T00:00:00Z", "celsius": celsius}
        broker.send(f"coldchain/v1/CLINIC/{sensor}/readings", json.dumps(payload))
    settle()
    fail(database, error)
    assert ask(database, clock, "unforeseen") == 1
    assert replay(database, clock) == 0
    [refusal] = refusals(database)
    assert refusal.replay_asked_at is None
