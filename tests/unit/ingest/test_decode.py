"""What payloads say, and how each refusal is explained."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.decode import MAX_ITEMS, Said, decode
from schemas.message import MAX_PAYLOAD_BYTES
from schemas.reading import Reading

READINGS = b"coldchain/v1/4514810001/45-000017/readings"
MOVEMENTS = b"coldchain/v1/4514810001/movements"
STATUS = b"coldchain/v1/4514810001/45-000017/status"
GOOD: dict[str, Any] = {"at": "2021-05-09T08:00:00+08:00", "celsius": 4.2}
AT = datetime(2021, 5, 9, tzinfo=UTC)
MOVEMENT: dict[str, Any] = {
    "id": "m-1",
    "at": "2021-05-08T14:00:00+08:00",
    "step": "wasting",
    "lot": {"gtin": "06901234567892", "number": "202105C0147"},
    "doses": 2,
    "from": "PX-FY-01",
    "reason": "broken",
}


def said(document: Any, topic: bytes = READINGS) -> Said:
    return decode(topic, json.dumps(document).encode())


def refusal_of(result: Said) -> tuple[str, str]:
    [rejected] = result.rejected
    assert result.readings is None
    assert result.movements is None
    return rejected.refusal.reason, rejected.refusal.field


def readings_of(result: Said) -> list[Reading]:
    assert result.readings is not None
    return list(result.readings.readings)


def test_one_reading_is_read() -> None:
    result = said(GOOD)
    assert readings_of(result) == [Reading(AT, 4.2)]
    assert result.readings is not None
    assert result.readings.sensor == "45-000017"
    assert (result.rejected, result.ref) == ([], None)


def test_everything_that_a_reading_may_carry_is_read() -> None:
    more: dict[str, Any] = {"power": True, "door_open": False, "humidity": 40, "battery": 99.5}
    more |= {"battery_volts": 3.1, "seq": 7, "boot": "a1"}
    assert readings_of(said(GOOD | more)) == [Reading(AT, 4.2, **more)]


def test_a_list_of_readings_is_read_in_its_order() -> None:
    second = {"at": "2021-05-09T00:10:00Z", "celsius": 5}
    assert [reading.celsius for reading in readings_of(said([GOOD, second]))] == [4.2, 5.0]


def test_an_envelope_asks_for_an_answer() -> None:
    result = said({"ref": "batch 7", "readings": [GOOD]})
    assert result.ref == "batch 7"
    assert len(readings_of(result)) == 1


def test_an_envelope_without_ref_is_read_and_not_answered() -> None:
    result = said({"readings": [GOOD]})
    assert (result.ref, len(readings_of(result))) == (None, 1)


def test_good_items_of_a_list_are_kept_and_bad_ones_refused_by_their_place() -> None:
    bad = {"at": "2021-05-09T08:00:00+08:00", "celsius": "4.2"}
    result = said({"ref": "r", "readings": [GOOD, bad, {**GOOD, "colour": 1}, GOOD]})
    assert len(readings_of(result)) == 2
    assert result.places == [0, 3]
    fields = [rejected.refusal.field for rejected in result.rejected]
    assert fields == ["[1].celsius", "[2].colour"]
    assert json.loads(result.rejected[0].payload) == bad


@pytest.mark.parametrize(
    ("document", "reason", "field"),
    [
        ({"celsius": 4.2}, "invalid", "at"),
        ({**GOOD, "at": "2021-05-09T08:00:00"}, "invalid", "at"),
        ({**GOOD, "celsius": True}, "invalid", "celsius"),
        ({**GOOD, "celsius": None}, "invalid", "celsius"),
        ({**GOOD, "power": None}, "invalid", "power"),
        ({**GOOD, "seq": 2**70}, "invalid", "seq"),
        ({**GOOD, "boot": "a\0b"}, "invalid", "boot"),
        ({**GOOD, "colour": "red"}, "unknown_field", "colour"),
        ({"ref": "r", "readings": [GOOD], "colour": 1}, "unknown_field", "colour"),
        ({"ref": 7, "readings": [GOOD]}, "invalid", "ref"),
        ({"ref": "r" * 65, "readings": [GOOD]}, "invalid", "ref"),
        ({"ref": "r", "readings": GOOD}, "invalid", ""),
        ([], "invalid", "readings"),
        ([GOOD] * (MAX_ITEMS + 1), "too_many", "readings"),
        (4.2, "invalid", ""),
        ("4.2", "invalid", ""),
        (None, "invalid", ""),
    ],
)
def test_a_payload_that_is_not_the_contracts_is_refused(
    document: Any, reason: str, field: str
) -> None:
    assert refusal_of(said(document)) == (reason, field)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b'{"at": NaN}',
        b'{"boot": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"at":"2021-05-09T08:00:00Z","celsius":1e999}',
    ],
)
def test_what_is_no_json_is_refused_whole(payload: bytes) -> None:
    result = decode(READINGS, payload)
    assert refusal_of(result)[0] == "not_json"
    assert result.rejected[0].payload == payload


def test_a_payload_beyond_the_limit_is_refused_unread() -> None:
    payload = json.dumps(GOOD).encode().ljust(MAX_PAYLOAD_BYTES + 1)
    assert refusal_of(decode(READINGS, payload)) == ("too_large", "")
    assert readings_of(decode(READINGS, payload[:-1])) == [Reading(AT, 4.2)]


def test_a_ref_is_known_even_where_everything_else_is_refused() -> None:
    result = said({"ref": "r", "readings": [{}]})
    assert result.ref == "r"
    assert refusal_of(result)[0] == "invalid"


def test_movements_are_read_alone_in_a_list_and_in_an_envelope() -> None:
    other = {**MOVEMENT, "id": "m-2", "doses": "2"}
    for document in (MOVEMENT, [MOVEMENT, other], {"ref": "r", "movements": [MOVEMENT]}):
        result = said(document, MOVEMENTS)
        assert result.movements is not None
        assert result.movements.site == "4514810001"
        assert [movement.id for movement in result.movements.movements] == ["m-1"]
    assert said([MOVEMENT, other], MOVEMENTS).rejected[0].refusal.field == "[1].doses"


@pytest.mark.parametrize("status", ["online", "offline"])
def test_a_status_is_read(status: str) -> None:
    result = decode(STATUS, status.encode())
    assert result.status is not None
    assert (result.status.sensor, result.status.status) == ("45-000017", status)


@pytest.mark.parametrize("payload", [b"", b"Online", b'"online"', b"\xff", b"x" * 300_000])
def test_another_status_is_refused(payload: bytes) -> None:
    assert refusal_of(decode(STATUS, payload)) == ("invalid", "status")


def test_a_message_on_a_topic_nobody_knows_is_refused_whole() -> None:
    assert refusal_of(decode(b"coldchain/v1/S/X/Y/Z", b"anything"))[0] == "unknown_topic"


def test_our_own_answers_say_nothing() -> None:
    result = decode(b"coldchain/v1/S/acks", b'{"ref":"r"}')
    assert result.is_ours
    assert (result.readings, result.rejected) == (None, [])
