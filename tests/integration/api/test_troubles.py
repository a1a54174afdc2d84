"""What /readyz and /metrics say when something is wrong: each trouble in a sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, update

from tests.integration.country import load_registry
from tests.integration.door import Door
from traceapp.capture.heartbeat import beat
from traceapp.models.heartbeat import Heartbeat
from traceapp.models.outbox import Outbox
from traceapp.models.partition import Partition

WELL = {
    "ingest-1": {"kind": "ingest", "is_connected": True, "trouble": None, "clock_offset_s": 0.2},
    "alerts": {"kind": "alerts", "has_server": True, "trouble": None, "reason": None},
}


def live(door: Door, process: str, **more: Any) -> None:
    """Let a process say that it lives, and what ails it."""
    with door.database.begin() as session:
        beat(session, process, door.clock(), WELL[process] | more)


@pytest.fixture
def ready(door: Door) -> Any:
    """Ask /readyz of an installation of which both processes live."""
    live(door, "ingest-1")
    live(door, "alerts")

    def ask() -> dict[str, Any]:
        answer = door.client().get("/readyz")
        document: dict[str, Any] = answer.get_json()
        assert answer.status_code == (503 if document["status"] == "unavailable" else 200)
        return document

    return ask


def test_where_all_is_well_there_is_no_trouble(ready: Any) -> None:
    told = ready()
    assert (told["status"], told["troubles"]) == ("ok", [])
    parts = {name: told[name] for name in ("database", "ingest", "alerts", "mail", "clock")}
    assert set(parts.values()) == {"ok"}


TROUBLES = [
    (
        "ingest-1",
        {"trouble": "full"},
        ("ingest", "waiting_for_database"),
        "ingest-1 cannot write: the database is full.",
    ),
    (
        "ingest-1",
        {"is_connected": False},
        ("ingest", "no_broker"),
        "ingest-1 has no connection to the broker.",
    ),
    (
        "ingest-1",
        {"clock_offset_s": -7200.4},
        ("clock", "differs"),
        "The clock of ingest-1's machine is 7200 s behind the database's.",
    ),
    (
        "alerts",
        {"trouble": "refusing", "reason": "451"},
        ("mail", "refusing"),
        "The mail server is refusing: 451.",
    ),
    (
        "alerts",
        {"trouble": "unreachable", "reason": "ConnectionRefusedError"},
        ("mail", "unreachable"),
        "The mail server is unreachable: ConnectionRefusedError.",
    ),
]


@pytest.mark.parametrize(("process", "ails", "state", "sentence"), TROUBLES)
def test_what_ails_a_process_is_told(
    process: str,
    ails: dict[str, Any],
    state: tuple[str, str],
    sentence: str,
    ready: Any,
    door: Door,
) -> None:
    live(door, process, **ails)
    told = ready()
    assert told["status"] == "degraded"
    assert told["troubles"] == [sentence]
    assert told[state[0]] == state[1]
    assert "traceapp_troubles 1.0" in door.client().get("/metrics").text
    live(door, process)
    assert ready()["status"] == "ok"


def test_a_process_that_is_silent_is_named_until_it_was_taken_out_of_service(
    ready: Any, door: Door
) -> None:
    door.clock.forward(seconds=90)
    live(door, "alerts")
    told = ready()
    assert told["troubles"] == ["ingest-1 gave no sign of life for 90 s."]
    assert (told["ingest"], told["alerts"]) == ("silent", "ok")
    figures = door.client().get("/metrics").text
    assert 'traceapp_heartbeat_age_seconds{process="ingest-1"} 90.0' in figures
    door.clock.forward(days=8)
    live(door, "alerts")
    assert (ready()["ingest"], ready()["troubles"]) == ("none", [])


def test_e_mails_that_wait_or_were_refused_for_good_are_counted(
    ready: Any, door: Door, admin: FlaskClient
) -> None:
    assert ready()["outbox_waiting"] == 3
    door.clock.forward(seconds=300)
    live(door, "ingest-1")
    live(door, "alerts")
    told = ready()
    assert told["troubles"] == ["3 e-mails wait, the oldest for 300 s."]
    assert told["outbox_oldest_seconds"] == 300
    refused = {"given_up_at": door.clock(), "last_error": "550 No such user: duty@cdc.example"}
    with door.database.begin() as session:
        session.execute(update(Outbox).values(refused))
    told = ready()
    assert told["troubles"] == ["3 e-mails were refused for good."]
    assert "cdc.example" not in str(told)
    assert "traceapp_outbox_failed 3.0" in door.client().get("/metrics").text
    door.clock.forward(days=1)
    live(door, "ingest-1")
    live(door, "alerts")
    assert ready()["troubles"] == []


def test_a_database_that_only_answers_questions_is_not_ready(ready: Any, door: Door) -> None:
    order = "PRAGMA query_only = ON" if door.database.is_sqlite else "SET TRANSACTION READ ONLY"

    @event.listens_for(door.database.engine, "begin")
    def _only_answer(connection: Any) -> None:
        connection.exec_driver_sql(order)

    told = ready()
    assert (told["status"], told["database"]) == ("unavailable", "read-only")
    assert told["troubles"] == ["The database is read-only."]


def test_the_web_leaves_a_sign_of_life_every_few_seconds(ready: Any, door: Door) -> None:
    ready()
    began = door.clock()
    door.clock.forward(seconds=2)
    ready()
    with door.database.read() as session:
        assert session.get_one(Heartbeat, "web").at == began
    door.clock.forward(seconds=4)
    ready()
    with door.database.read() as session:
        assert session.get_one(Heartbeat, "web").at == began + timedelta(seconds=6)


def hold_partition(door: Door, name: str, until_s: int, filters: list[str]) -> None:
    with door.database.begin() as session:
        held_until = door.clock() + timedelta(seconds=until_s)
        session.add(Partition(name=name, client_id=name, subscribed=filters, held_until=held_until))


def test_a_partition_that_nobody_has_held_for_a_minute_is_named(door: Door, ready: Any) -> None:
    hold_partition(door, "north", 10, ["coldchain/v1/#"])
    hold_partition(door, "south", -59, ["coldchain/v1/A/#"])
    hold_partition(door, "given-up", -600, [])
    assert ready()["troubles"] == []
    door.clock.forward(seconds=2)
    live(door, "ingest-1")
    told = ready()
    assert told["partitions"] == {"north": "held", "south": "free"}
    assert told["troubles"] == ["No ingester holds south: its messages wait at the broker."]
    figures = door.client().get("/metrics").text
    assert 'traceapp_partition_held{partition="north"} 1.0' in figures
    assert 'traceapp_partition_held{partition="south"} 0.0' in figures


def test_sites_in_no_partition_are_counted_and_named(door: Door, ready: Any) -> None:
    sites = [
        {"kind": "site", "code": code, "name": code, "type": "clinic", "division": "451481"}
        for code in ("A", "B", "C")
    ]
    load_registry(door.database, sites)
    hold_partition(door, "north", 10, ["coldchain/v1/B/#", "coldchain/v1/+/movements"])
    told = ready()
    assert told["sites_not_heard"] == 2
    assert told["troubles"] == ["2 sites are in no partition: A, C."]
    assert "traceapp_sites_not_heard 2.0" in door.client().get("/metrics").text


def test_a_standby_that_went_silent_is_named(door: Door, ready: Any) -> None:
    with door.database.begin() as session:
        beat(session, "standby@node-2", door.clock() - timedelta(minutes=2), {"kind": "standby"})
    assert ready()["troubles"] == ["standby@node-2 gave no sign of life for 120 s."]
