"""The line from a broker to the record, on SQLite and on PostgreSQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from ingest.pipeline import Pipeline
from tests.fakes.broker import FakeBroker
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.movement import Movement
from traceapp.models.reading import Reading
from traceapp.models.rejection import Conflict, Rejection
from traceapp.models.sensor import Sensor

S1 = "coldchain/v1/CLINIC/S1"
MAKER = "coldchain/v1/MAKER"
Settle = Callable[[], int]


def reading(minute: int = 0, celsius: float = 4.0, **more: Any) -> dict[str, Any]:
    return {"at": f"2021-05-09T08:{minute:02}:00+08:00", "celsius": celsius, **more}


def made(id_: str, doses: int = 100, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "at": "2021-05-01T08:00:00+08:00",
        "step": "commissioning",
        "lot": {"gtin": "06901234567892", "number": "L1"},
        "doses": doses,
        "to": "MAKER-1",
        "expires_on": "2023-05-01",
        **more,
    }


def count(database: Database, model: Any) -> int:
    with database.read() as session:
        return int(session.scalar(select(func.count()).select_from(model)) or 0)


def rejections(database: Database) -> list[tuple[str, str, str | None, bytes]]:
    with database.read() as session:
        rows = session.scalars(select(Rejection).order_by(Rejection.id)).all()
        return [(row.reason, row.field, row.site_code, row.payload) for row in rows]


def heard(broker: FakeBroker, topic: str) -> list[Any]:
    return [json.loads(payload) for name, payload in broker.heard if name == topic]


def test_readings_are_stored_and_acknowledged_after_the_commit(
    broker: FakeBroker, pipeline: Pipeline, database: Database
) -> None:
    broker.send(f"{S1}/readings", json.dumps(reading()))
    broker.send(f"{S1}/readings", json.dumps([reading(10), reading(20)]))
    assert pipeline.step() == 2
    assert count(database, Reading) == 3
    assert broker.unacknowledged == 0
    assert broker.heard == []


def test_a_batch_is_judged_and_its_excursion_stands_with_the_readings(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{S1}/readings", json.dumps([reading(m, 9.5) for m in (0, 10, 20)]))
    settle()
    with database.read() as session:
        rules = set(session.scalars(select(Excursion.rule)))
    assert rules == {"warm", "hot"}


def test_an_ack_is_sent_after_the_commit_to_those_who_gave_a_ref(
    broker: FakeBroker, settle: Settle
) -> None:
    sent = {"ref": "b1", "readings": [reading(), reading(10, 999_999), reading(20, "hot")]}  # type: ignore[arg-type]  # a wrong type is the point
    broker.send(f"{S1}/readings", json.dumps(sent))
    settle()
    assert heard(broker, f"{S1}/acks") == [{"ref": "b1", "stored": 2, "repeated": 0, "refused": 1}]
    broker.send(f"{S1}/readings", json.dumps(sent | {"ref": "b1 again"}))
    settle()
    assert heard(broker, f"{S1}/acks")[1] == {
        "ref": "b1 again",
        "stored": 0,
        "repeated": 2,
        "refused": 1,
    }


def test_movements_are_recorded_and_answered_on_the_topic_of_the_site(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{MAKER}/movements", json.dumps({"ref": "m", "movements": [made("m-1")]}))
    settle()
    assert count(database, Movement) == 1
    assert heard(broker, f"{MAKER}/acks") == [
        {"ref": "m", "stored": 1, "repeated": 0, "refused": 0}
    ]


def test_the_latest_status_of_a_sensor_is_noted(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{S1}/status", "online", is_retained=True)
    broker.send(f"{S1}/status", "offline")
    settle()
    with database.read() as session:
        assert session.scalars(select(Sensor.status).where(Sensor.code == "S1")).one() == "offline"


def test_a_refusal_is_kept_whole_and_reported_to_the_site(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    bad = json.dumps(reading(celsius="warm"))  # type: ignore[arg-type]  # a wrong type is the point
    broker.send(f"{S1}/readings", bad)
    settle()
    assert rejections(database) == [("invalid", "celsius", "CLINIC", bad.encode())]
    assert heard(broker, "coldchain/v1/CLINIC/rejections") == [
        {
            "topic": f"{S1}/readings",
            "reason": "invalid",
            "field": "celsius",
            "expected": "a finite number",
            "got": "warm",
            "sha256": hashlib.sha256(bad.encode()).hexdigest(),
        }
    ]


def test_a_contradicted_reading_is_kept_as_a_conflict_and_reported(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{S1}/readings", json.dumps(reading(0, 4.0)))
    broker.send(f"{S1}/readings", json.dumps(reading(0, 5.0)))
    settle()
    assert (count(database, Reading), count(database, Conflict)) == (1, 1)
    assert rejections(database) == []
    [report] = heard(broker, "coldchain/v1/CLINIC/rejections")
    assert report["reason"] == "conflict"


def test_a_refusal_by_the_record_names_the_publishers_own_place(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    far = {"at": "2031-01-01T00:00:00Z", "celsius": 4}
    broker.send(f"{S1}/readings", json.dumps([{}, reading(), far]))
    settle()
    kept = [
        (reason, field, json.loads(payload)) for reason, field, _, payload in rejections(database)
    ]
    assert kept == [("invalid", "[0].at", {}), ("future", "[2].at", far)]
    assert count(database, Reading) == 1


def test_a_movement_of_somebody_else_is_kept_as_rejected_beside_the_good_ones(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(
        f"{MAKER}/movements", json.dumps([made("m-1"), made("m-2", to="CDC-1"), made("m-3")])
    )
    settle()
    assert count(database, Movement) == 2
    [(reason, field, site, payload)] = rejections(database)
    assert (reason, field, site) == ("not_the_reporter", "[1].site", "MAKER")
    assert json.loads(payload)["id"] == "m-2"


RUBBISH = [
    (f"{S1}/readings", b"\x00\x01\xff rubbish", "not_json"),
    (f"{MAKER}/movements", b"\x00\x01\xff rubbish", "not_json"),
    (f"{S1}/status", b"\x00\x01\xff rubbish", "invalid"),
    (f"{S1}/humidities", b"\x00\x01\xff rubbish", "unknown_topic"),
    (f"{S1}/readings", b" " * 300 * 1024, "too_large"),
    (f"{MAKER}/movements", b"[" * 200_000, "not_json"),
    ("coldchain/v1/南宁/S1/readings", b"{}", "invalid_topic"),
    (f"coldchain/v1/CLINIC/{'x' * 60_000}/readings", b"{}", "invalid_topic"),
    (b"coldchain/v1/CLINIC/\xff/readings", b"{}", "invalid_topic"),
    ("coldchain/v1", b"", "unknown_topic"),
]


@pytest.mark.parametrize(("topic", "payload", "reason"), RUBBISH, ids=range(len(RUBBISH)))
def test_rubbish_is_kept_acknowledged_and_followed_by_the_next_good_message(
    topic: str | bytes,
    payload: bytes,
    reason: str,
    broker: FakeBroker,
    settle: Settle,
    database: Database,
) -> None:
    broker.send(topic, payload)
    broker.send(f"{S1}/readings", json.dumps(reading()))
    settle()
    assert [kept[0] for kept in rejections(database)] == [reason]
    assert rejections(database)[0][3] == payload
    assert count(database, Reading) == 1
    assert broker.unacknowledged == 0


def test_our_own_answers_come_back_and_are_not_kept(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    for topic in ("CLINIC/rejections", "CLINIC/acks", "CLINIC/S1/acks"):
        broker.send(f"coldchain/v1/{topic}", b"anything at all")
    settle()
    assert (broker.heard, rejections(database)) == ([], [])
    assert broker.unacknowledged == 0


def test_a_repeated_refusal_is_one_refusal_that_came_twice(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{S1}/readings", b"?")
    broker.send(f"{S1}/readings", b"?")
    settle()
    with database.read() as session:
        assert session.scalars(select(Rejection.times)).all() == [2]


def test_a_thousand_refusals_in_one_list_are_all_kept_and_ten_of_them_reported(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{S1}/readings", json.dumps([{"celsius": n} for n in range(1_000)]))
    settle()
    assert len(rejections(database)) == 1_000
    assert len(heard(broker, "coldchain/v1/CLINIC/rejections")) == 10


def test_a_retained_reading_is_stored_once_however_often_it_comes(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    for _ in range(3):
        broker.send(f"{S1}/readings", json.dumps(reading()), is_retained=True)
    settle()
    assert (count(database, Reading), rejections(database)) == (1, [])


def test_what_the_connection_lost_before_the_acknowledgement_comes_again_and_changes_nothing(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    broker.send(f"{S1}/readings", json.dumps({"ref": "r", "readings": [reading()]}))
    broker.is_deaf = True
    settle()
    broker.cut()
    broker.is_deaf = False
    settle()
    assert count(database, Reading) == 1
    assert [ack["repeated"] for ack in heard(broker, f"{S1}/acks")] == [0, 1]
    assert broker.unacknowledged == 0
