"""Movements over HTTP: stored as facts, with what the ledger finds in them."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import DOCUMENT, MOVEMENTS, dose, movement
from tests.integration.door import Door
from traceapp.models.rejection import Rejection


def test_one_movement_a_list_and_an_envelope_are_all_heard(admin: FlaskClient) -> None:
    first, second, third = (
        movement(f"c{number}", -1, "counting", **{"from": "FRIDGE"}, doses=99)
        for number in range(3)
    )
    bodies: list[Any] = [first, [second], {"movements": [third]}]
    for body in bodies:
        answer = admin.post("/api/v1/movements", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.get_json()["stored"] == 1


def test_the_same_again_is_ignored(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/movements", json=MOVEMENTS)
    assert answer.status_code == 200
    assert (answer.get_json()["stored"], answer.get_json()["repeated"]) == (0, 5)


def test_a_known_id_with_other_content_is_a_conflict(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/movements", json={**MOVEMENTS[1], "doses": 7})
    assert answer.status_code == 409
    assert list(answer.get_json()["errors"]) == ["[0].id"]


def test_a_refused_item_is_named_by_its_place_among_all_that_came(admin: FlaskClient) -> None:
    good = movement("c1", -1, "counting", **{"from": "FRIDGE"}, doses=99)
    unknown = movement("c2", -1, "counting", **{"from": "NONE"}, doses=99)
    answer = admin.post("/api/v1/movements", json=["rubbish", good, unknown])
    assert answer.status_code == 201
    assert sorted(one["field"] for one in answer.get_json()["refusals"]) == ["[0]", "[2].from"]


def test_more_out_than_in_is_stored_and_found(admin: FlaskClient) -> None:
    too_many = movement("m9", -0.5, "wasting", **{"from": "FRIDGE"}, doses=5000, reason="broken")
    answer = admin.post("/api/v1/movements", json=too_many)
    assert answer.status_code == 201
    [finding] = answer.get_json()["findings"]
    assert (finding["code"], finding["movement"]) == ("more_out_than_in", "m9")
    assert finding["text"]


def test_an_unknown_unit_is_refused_with_what_was_expected(admin: FlaskClient) -> None:
    answer = admin.post(
        "/api/v1/movements", json=movement("m9", -1, "storing", **{"from": "FRIDGE", "to": "NONE"})
    )
    assert answer.status_code == 422
    assert "unit" in str(answer.get_json()["errors"])


def test_an_envelope_with_anything_else_in_it_is_refused(admin: FlaskClient) -> None:
    answer = admin.post("/api/v1/movements", json={"movements": MOVEMENTS, "colour": "blue"})
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["colour"]


def test_storing_at_another_site_is_refused(admin: FlaskClient) -> None:
    over = movement("m8", -0.5, "storing", **{"from": "FRIDGE", "to": "CDC-1"}, doses=1)
    answer = admin.post("/api/v1/movements", json=over)
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == {"[0].to": ["Expected a unit of CLINIC, got CDC-1."]}


def test_a_movement_that_has_not_happened_yet_is_refused(admin: FlaskClient) -> None:
    later = movement("m8", 25, "counting", **{"from": "FRIDGE"}, doses=1)
    answer = admin.post("/api/v1/movements", json=later)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["[0].at"]


def test_a_dose_that_was_sent_as_a_movement_leaves_nothing_of_the_person(
    door: Door, admin: FlaskClient
) -> None:
    misled = {**movement("m8", -0.5, "counting", **{"from": "FRIDGE"}), **dose("d8")}
    for path, body in (
        ("movements", misled),
        ("movements", {**misled, "name": "张三丰", "recipients": [DOCUMENT]}),
        ("readings", {"sensor": "S1", "readings": [dose("d8")]}),
    ):
        answer = admin.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 422
        assert DOCUMENT not in answer.text
        assert "张三" not in answer.text
    listed = admin.get("/api/v1/rejections").get_json()["items"]
    assert len(listed) == 3
    assert DOCUMENT not in str(listed)
    with door.database.read() as session:
        kept = [bytes(one) for one in session.scalars(select(Rejection.payload))]
    assert not [one for one in kept if b'"document_type"' in one]
