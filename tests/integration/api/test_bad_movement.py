"""Bad movements over HTTP: each refusal names its field, and nothing is stored half."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import GTIN, NUMBER
from tests.integration.bad_movement import ALL, movement
from tests.integration.door import Door
from tests.integration.stored import more_than, rows_of, wrong_rows
from traceapp.models.rejection import Rejection

PATH = "/api/v1/movements"


def test_each_bad_movement_is_refused_by_its_field_and_kept(door: Door, admin: FlaskClient) -> None:
    wrong = []
    for bad in ALL:
        before = rows_of(door.database)
        answer = admin.post(PATH, data=json.dumps(bad.sent), content_type="application/json")
        errors = answer.get_json().get("errors", {})
        grown = more_than(before, rows_of(door.database))
        [(field, [said, *_])] = errors.items() or [("", [""])]
        is_right = (
            answer.status_code == 422
            and field.startswith(f"[0].{bad.field}")
            and said == f"Expected {bad.expected}, got {bad.got}."
            and grown == {"rejection": 1}
        )
        if not is_right:
            wrong.append((bad.name, answer.status_code, errors, grown))
    assert wrong == []
    with door.database.read() as session:
        kept = session.scalars(select(Rejection.payload)).all()
    assert {json.dumps(json.loads(one), sort_keys=True) for one in kept} == {
        json.dumps(bad.sent, sort_keys=True) for bad in ALL
    }
    assert wrong_rows(door.database) == 0


#: What is odd and a fact all the same, and the finding that says so; None where nothing is.
ODD: list[tuple[dict[str, Any], str | None]] = [
    (movement("wasting", doses=10**9), "more_out_than_in"),
    (movement("wasting", at="1991-05-09T08:00:00Z"), "more_out_than_in"),
    (movement("counting", doses=0), None),
    (movement("storing", to="FRIDGE"), "goes_nowhere"),
    (movement("shipping", to="CDC"), "goes_nowhere more_out_than_in"),
    (movement("receiving", **{"from": "CLINIC"}), "goes_nowhere received_unshipped"),
    (movement("receiving", to="MAKER-2"), "received_unshipped"),
    (movement("receiving", doses=10**12), "received_unshipped"),
    (movement("commissioning", lot={"gtin": "06901234567891", "number": "L1"}), "check_digit"),
    (movement("wasting", lot={"gtin": GTIN, "number": NUMBER.lower()}), "more_out_than_in"),
    (movement("counting", packs=["8" + "1" * 18]), "pack_unread"),
    (movement("counting", packs=["8" + "1" * 19 + "8" + "2" * 19]), "pack_unread"),
    (movement("counting", packs=["(01)06901234567892(17)2205"]), "pack_unread"),
    (movement("counting", packs=["A1", "A1", "a1"]), None),
    (movement("counting", packs=[f"(01){GTIN}(10)OTHER(21)X1"]), "pack_of_other_lot"),
    (movement("counting", packs=[f"(01)06934567890125(10){NUMBER}(21)X2"]), "pack_of_other_lot"),
    (movement("counting", packs=[f"(01){GTIN}(21)X3", f"（01）{GTIN}（10）Ｌ１（21）X4"]), None),
    (movement("packing", packs=["(00)123456789012345675"]), "packed_in_itself"),
    (movement("counting", reason="=HYPERLINK(\"http://x\")", operator="<script>"), None),
    (movement("counting", operator="'; DROP TABLE movement; --"), None),
    (movement("counting", corrects="nobody", corrected_at="2021-05-09T02:00:00Z"),
     "correction_waits"),
]  # fmt: skip


def test_what_is_odd_and_can_be_recorded_is_a_fact_with_its_finding(
    door: Door, admin: FlaskClient
) -> None:
    wrong = []
    for number, (sent, code) in enumerate(ODD):
        before = rows_of(door.database)
        answer = admin.post(PATH, json=sent | {"id": f"odd-{number}"})
        grown = more_than(before, rows_of(door.database))
        codes = {one["code"] for one in answer.get_json().get("findings", ())}
        facts = grown.get("movement", 0) + grown.get("packing", 0)
        if answer.status_code != 201 or codes != set((code or "").split()) or facts != 1:
            wrong.append((sent, answer.status_code, codes, grown))
    assert wrong == []
    assert wrong_rows(door.database) == 0


#: Bodies that are no list of movements, the status, and the field that is named.
BODIES: list[tuple[bytes, int, str]] = [
    (b'{"id": "a", "doses": 1, "doses": 1000}', 422, "doses"),
    (b'[{"lot": {"gtin": "1", "g\\u0074in": "2"}}]', 422, "gtin"),
    (b'{"\xe5\xbc\xa0": 1, "\xe5\xbc\xa0": 2}', 422, "body"),
    (b'{"doses": NaN}', 400, "body"),
    (b'{"doses": Infinity}', 400, "body"),
    (b'{"doses": 1e400}', 400, "body"),
    (b'{"doses": ' + b"1" * 5_000 + b"}", 400, "body"),
    (b'{"id": "\\ud800"}', 400, "body"),
    ('{"reason": "破损"}'.encode("gbk"), 400, "body"),
    ('{"id": "a"}'.encode("utf-16"), 400, "body"),
    (b"\xef\xbb\xbf{}", 400, "body"),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400, "body"),
    (b"{} {}", 400, "body"),
    (b"", 400, "body"),
    (b"[]", 422, "movements"),
    (b'{"movements": {}}', 422, "movements"),
    (b"[" + b"{}," * 1_000 + b"{}]", 422, "movements"),
]


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=gbk"])
def test_a_body_that_is_no_movement_stores_nothing(
    door: Door, admin: FlaskClient, media_type: str
) -> None:
    before = rows_of(door.database)
    for body, status, field in BODIES:
        answer = admin.post(PATH, data=body, content_type=media_type)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (status, [field]), body
    assert more_than(before, rows_of(door.database)) == {}


def test_items_that_are_no_objects_are_refused_by_their_places(
    door: Door, admin: FlaskClient
) -> None:
    before = rows_of(door.database)
    answer = admin.post(PATH, json=[None, 7, "x", [], movement("counting", id="good"), True])
    assert answer.status_code == 201
    told = {one["field"]: one["got"] for one in answer.get_json()["refusals"]}
    assert told == {
        "[0]": "null",
        "[1]": "a number",
        "[2]": "text",
        "[3]": "a list",
        "[5]": "true or false",
    }
    grown = more_than(before, rows_of(door.database))
    assert (grown["movement"], grown["rejection"]) == (1, 5)


def test_nobody_reports_for_another_site_and_nothing_of_such_a_body_is_taken(
    door: Door, admin: FlaskClient
) -> None:
    device = door.client(door.token("device", "451481", "CLINIC"))
    before = rows_of(door.database)
    for sent, field in (
        (movement("shipping"), "[0].from"),
        (movement("wasting", **{"from": "NOBODYS"}), "[0].from"),
        ([movement("counting"), movement("commissioning", id="bad-2")], "[1].to"),
    ):
        answer = device.post(PATH, json=sent)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (404, [field])
        [[said]] = answer.get_json()["errors"].values()
        assert said.startswith("Expected a unit that you may report for, got ")
    assert more_than(before, rows_of(door.database)) == {}
    theirs = movement("counting", corrects="m4", corrected_at="2021-05-09T02:00:00Z")
    answer = device.post(PATH, json=theirs)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["[0].corrects"])
    assert more_than(before, rows_of(door.database)) == {"rejection": 1}
