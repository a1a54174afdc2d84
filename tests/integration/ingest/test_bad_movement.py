"""Bad movements over MQTT: each is kept with its reason and its payload, and stores nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from tests.fakes.broker import FakeBroker
from tests.integration.bad_movement import ALL, movement
from tests.integration.stored import more_than, rows_of
from traceapp.db import Database
from traceapp.models.movement import Movement
from traceapp.models.rejection import Rejection

Settle = Callable[[], int]
PERSON = {"document": "451481199001011234", "document_type": "resident", "name": "张三丰"}
#: Rows that a message leaves beside what it says: that we live.
_OF_THE_LINE = {"heartbeat", "lease"}


def answer_to(broker: FakeBroker, kind: str, site: str, payload: bytes) -> list[dict[str, Any]]:
    """Return our answers of that kind to a site, those about this payload."""
    sha256 = hashlib.sha256(payload).hexdigest()
    told = [json.loads(said) for topic, said in broker.heard if topic == topic_of(site, kind)]
    return [one for one in told if one.get("sha256", sha256) == sha256]


def topic_of(site: str, kind: str) -> str:
    return f"coldchain/v1/{site}/{kind}"


def grown(database: Database, before: dict[str, int]) -> dict[str, int]:
    more = more_than(before, rows_of(database))
    return {name: count for name, count in more.items() if name not in _OF_THE_LINE}


def test_each_bad_movement_is_kept_with_its_reason_and_reported_to_its_site(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    wrong = []
    for bad in ALL:
        before, payload = rows_of(database), json.dumps(bad.sent).encode()
        broker.send(topic_of(bad.site, "movements"), payload)
        settle()
        [report] = answer_to(broker, "rejections", bad.site, payload)
        more = grown(database, before)
        is_right = (
            (report["reason"], report["expected"]) == (bad.reason, bad.expected[:256])
            and (report["got"] == bad.got and report["field"].startswith(bad.field))
            and more == {"rejection": 1}
        )
        if not is_right:
            wrong.append((bad.name, report, more))
    assert wrong == []
    with database.read() as session:
        kept = {bytes(one) for one in session.scalars(select(Rejection.payload))}
    assert kept == {json.dumps(bad.sent).encode() for bad in ALL}


#: Payloads that are no movement, where they are sent, and the refusal's reason and field.
PAYLOADS: list[tuple[str, bytes, str, str]] = [
    ("CLINIC/movements", b'{"id": "a", "doses": 1, "doses": 1000}', "invalid", "doses"),
    ("CLINIC/movements", b'[{"lot": {"gtin": "1", "g\\u0074in": "2"}}]', "invalid", "gtin"),
    ("CLINIC/movements", b'{"doses": -Infinity}', "not_json", ""),
    ("CLINIC/movements", '{"reason": "破损"}'.encode("gb18030"), "not_json", ""),
    ("CLINIC/movements", b"\xef\xbb\xbf{}", "not_json", ""),
    ("CLINIC/movements", b"null", "invalid", ""),
    ("CLINIC/movements", b'{"movements": 7}', "invalid", ""),
    ("CLINIC/movements", b'{"movements": [], "to": "CDC"}', "unknown_field", "to"),
    ("CLINIC/movements", b'{"ref": 7, "movements": [{}]}', "invalid", "ref"),
    ("CLINIC/movements", b'{"at": "2021-05-09T08:00:00Z", "celsius": 4}', "invalid", "id"),
    ("CLINIC/S1/movements", json.dumps(movement("counting")).encode(), "unknown_topic", ""),
    ("CLINIC/S1/readings", json.dumps(movement("counting")).encode(), "invalid", "celsius"),
    ("CLINIC/doses", b'{"id": "d1"}', "unknown_topic", ""),
    ("NOWHERE/movements", json.dumps(movement("counting")).encode(), "not_the_reporter", "site"),
    ("CLINIC/movements", json.dumps(movement("shipping")).encode(), "not_the_reporter", "site"),
    ("接种点/movements", json.dumps(movement("counting")).encode(), "invalid_topic", ""),
]


def test_payloads_that_are_no_movement_of_that_site_store_nothing(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    wrong = []
    for topic, payload, reason, field in PAYLOADS:
        before = rows_of(database)
        broker.send(f"coldchain/v1/{topic}", payload)
        settle()
        with database.read() as session:
            last = session.scalars(select(Rejection).order_by(Rejection.id.desc())).first()
            assert last is not None
            found = (last.reason, last.field if field else "", bytes(last.payload))
        if found != (reason, field, payload) or grown(database, before) != {"rejection": 1}:
            wrong.append((topic, payload, found, grown(database, before)))
    assert wrong == []
    assert broker.unacknowledged == 0


def test_a_dose_on_the_topic_of_movements_leaves_nothing_of_its_person(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    dose = movement("counting", recipient=PERSON, site="CLINIC")
    broker.send(topic_of("CLINIC", "movements"), json.dumps(dose))
    settle()
    said = b"".join(payload for _, payload in broker.heard)
    with database.read() as session:
        [kept] = session.scalars(select(Rejection)).all()
    for secret in (PERSON["document"], "三丰"):
        assert secret.encode() not in bytes(kept.payload) + said
        assert secret not in kept.got + kept.expected + kept.field


def test_a_bad_movement_holds_up_no_good_one_beside_it(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    before = rows_of(database)
    listed = [
        movement("counting", id="g1"),
        movement("counting", doses="1"),
        movement("storing", to="CDC-1"),
        movement("counting", **{"from": "NOBODYS"}),
        movement("counting", id="g2"),
    ]
    broker.send(topic_of("CLINIC", "movements"), json.dumps({"ref": "r", "movements": listed}))
    settle()
    [ack] = [json.loads(said) for topic, said in broker.heard if topic.endswith("/acks")]
    assert ack == {"ref": "r", "stored": 2, "repeated": 0, "refused": 3}
    fields = [json.loads(said)["field"] for topic, said in broker.heard if "reject" in topic]
    assert sorted(fields) == ["[1].doses", "[2].to", "[3].from"]
    more = grown(database, before)
    assert (more["movement"], more["rejection"]) == (2, 3)


def test_what_is_nested_as_deep_as_python_can_read_ends_no_ingester(
    broker: FakeBroker, settle: Settle, database: Database
) -> None:
    begun = json.dumps(movement("counting", id="deep"))[:-1]
    beside = json.dumps(movement("counting", **{"from": "NOBODYS"}))
    for levels in (33, 200, *range(900, 1_000, 3), 5_000):
        nested = "[" * levels + "]" * levels
        broker.send(topic_of("CLINIC", "movements"), f'{begun}, "packs": {nested}}}')
        broker.send(topic_of("CLINIC", "movements"), f'[{begun}, "packs": {nested}}}, {beside}]')
        broker.send("coldchain/v1/CLINIC/S1/readings", f'[{{"at": "x", "celsius": {nested}}}]')
    broker.send(topic_of("CLINIC", "movements"), json.dumps(movement("counting", id="good")))
    settle()
    assert broker.unacknowledged == 0
    with database.read() as session:
        kept = session.scalars(select(Rejection)).all()
        moved = session.scalars(select(Movement.code)).all()
    assert len(kept) == 3 * 37
    assert {(one.reason, one.got) for one in kept} == {
        ("not_json", "more than 32 levels of lists and objects")
    }
    assert moved == ["good"]
