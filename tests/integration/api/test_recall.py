"""Recalls over HTTP: what they stop, and how far they have come."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose, moment, movement
from tests.integration.country import load_registry
from tests.integration.door import Door
from traceapp.models.account import Audit
from traceapp.models.outbox import RECALL, Outbox

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}"
_OTHER_PERSON = {"document": "451481199001015678", "document_type": "resident", "name": "李四"}
_NEXT: list[dict[str, Any]] = [
    {"kind": "site", "code": "NEXT", "name": "邻县", "type": "clinic", "division": "451482"},
    {"kind": "unit", "code": "NEXT-1", "site": "NEXT", "name": "冰箱", "type": "refrigerator"},
]


def recall(client: FlaskClient, hours: float = -0.5, **more: Any) -> int:
    body = {"reason": "sterility in doubt", "class": 1, "at": moment(hours), **more}
    answer = client.post(f"{_LOT}/recall", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.get_json()["id"])


def report(client: FlaskClient, number: int) -> Any:
    answer = client.get(f"/api/v1/recalls/{number}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def codes_of_check(client: FlaskClient) -> list[str]:
    query = {"gtin": GTIN, "lot": NUMBER, "site": "CLINIC"}
    found = client.get("/api/v1/doses/check", query_string=query).get_json()
    return [one["code"] for one in found["findings"]]


def test_a_recalled_lot_stops_at_the_check(admin: FlaskClient) -> None:
    number = recall(admin)
    assert "lot_recalled" in codes_of_check(admin)
    admin.post(f"{_LOT}/release", json={"reason": "withdrawn", "hold": number})
    assert "lot_recalled" not in codes_of_check(admin)


def test_a_recall_is_no_hold_with_the_same_reason(admin: FlaskClient) -> None:
    admin.post(f"{_LOT}/hold", json={"reason": "sterility in doubt"})
    recall(admin)
    assert {"lot_held", "lot_recalled"} <= set(codes_of_check(admin))


def test_a_recall_counts_what_was_there_and_what_became_of_it(admin: FlaskClient) -> None:
    number = recall(admin)
    moves = [
        movement("back", -0.4, "returning", **{"from": "FRIDGE", "to": "CDC"}) | {"doses": 33},
        movement("shipped", -0.3, "shipping", **{"from": "FRIDGE", "to": "CDC"}) | {"doses": 1},
    ]
    found = admin.post("/api/v1/movements", json=moves).get_json()["findings"]
    assert [one["movement"] for one in found if one["code"] == "moved_while_held"] == ["shipped"]
    awaiting, row = report(admin, number)["sites"]
    assert (awaiting["site"], awaiting["held"], awaiting["in_transit"]) == ("CDC", 0, 0)
    assert (row["site"], row["held"], row["returned"]) == ("CLINIC", 99, 33)
    assert row["settled_percent"] == 33.3
    assert (row["given"], row["given_after"], row["recipients"]) == (1, 0, 1)


def test_what_was_destroyed_and_wasted_is_told_apart_from_what_is_there(
    admin: FlaskClient,
) -> None:
    number = recall(admin)
    moves = [
        movement("w", -0.4, "wasting", **{"from": "FRIDGE"}, reason="broken") | {"doses": 9},
        movement("x", -0.3, "destroying", **{"from": "FRIDGE"}, witnesses=["A", "B"], reason="r")
        | {"doses": 20},
    ]
    answer = admin.post("/api/v1/movements", json=moves)
    assert answer.get_json()["stored"] == 2, answer.text
    assert admin.post("/api/v1/doses", json=dose("late", -0.2)).status_code == 201
    total = report(admin, number)["total"]
    assert (total["held"], total["wasted"], total["destroyed"]) == (99, 9, 20)
    assert (total["on_hand"], total["given_after"]) == (69, 1)
    assert total["settled_percent"] == 29.2


def test_what_was_on_its_way_belongs_to_whoever_awaits_it(admin: FlaskClient) -> None:
    sent = movement("m9", -0.6, "shipping", **{"from": "FRIDGE", "to": "CDC"}) | {"doses": 9}
    assert admin.post("/api/v1/movements", json=[sent]).status_code == 201
    number = recall(admin)
    rows = {row["site"]: row for row in report(admin, number)["sites"]}
    assert {site: (row["held"], row["in_transit"]) for site, row in rows.items()} == {
        "CDC": (0, 9),
        "CLINIC": (90, 0),
    }


def test_a_late_movement_changes_what_was_held(admin: FlaskClient) -> None:
    number = recall(admin)
    late = movement("m9", -0.7, "wasting", **{"from": "FRIDGE"}, reason="broken") | {"doses": 19}
    assert admin.post("/api/v1/movements", json=[late]).status_code == 201
    [row] = report(admin, number)["sites"]
    assert (row["held"], row["wasted"]) == (80, 0)


def test_a_later_dose_of_another_lot_vaccinates_again(admin: FlaskClient) -> None:
    number = recall(admin)
    assert report(admin, number)["total"]["revaccinated_percent"] == 0
    other = {"lot": {"gtin": GTIN, "number": "L2"}}
    assert admin.post("/api/v1/doses", json=dose("again", -0.1, **other)).status_code == 201
    assert report(admin, number)["total"]["revaccinated_percent"] == 100


def findings_of(client: FlaskClient, code: str) -> set[str]:
    found = client.get(f"/api/v1/doses/{code}/trace").get_json()["findings"]
    return {one["code"] for one in found}


def test_what_a_recall_took_away_may_be_given_again(door: Door, admin: FlaskClient) -> None:
    other = {"lot": {"gtin": GTIN, "number": "L2"}}
    admin.post("/api/v1/doses", json=dose("second", -0.4, dose_number=2, **other))
    admin.post("/api/v1/doses", json=dose("again", -0.1, **other))
    assert {"dose_repeated", "wrong_order"} <= findings_of(admin, "again")
    beijing = door.client(door.token("officer", "110000"))
    recall(beijing, reason="elsewhere")
    assert "dose_repeated" in findings_of(admin, "again")
    number = recall(admin)
    assert not {"dose_repeated", "wrong_order"} & findings_of(admin, "again")
    admin.post(f"{_LOT}/release", json={"reason": "unfounded", "at": moment(-0.2), "hold": number})
    assert "dose_repeated" in findings_of(admin, "again")


def test_the_same_lot_once_more_stays_a_repetition(admin: FlaskClient) -> None:
    recall(admin)
    admin.post("/api/v1/doses", json=dose("again", -0.1))
    assert "dose_repeated" in findings_of(admin, "again")


def test_a_next_dose_is_no_vaccination_again(admin: FlaskClient) -> None:
    number = recall(admin)
    other = {"lot": {"gtin": GTIN, "number": "L2"}}
    admin.post("/api/v1/doses", json=dose("next", -0.1, dose_number=2, **other))
    assert report(admin, number)["total"]["revaccinated"] == 0


def test_a_dose_that_was_taken_back_is_nobodys(admin: FlaskClient) -> None:
    number = recall(admin)
    gone = {**dose("gone", -0.1), "corrects": "d1", "corrected_at": moment(0), "void": True}
    gone["reason"] = "given to nobody"
    assert admin.post("/api/v1/doses", json=gone).status_code == 201
    total = report(admin, number)["total"]
    assert (total["given"], total["recipients"]) == (0, 0)
    assert admin.get(f"/api/v1/recalls/{number}/recipients").get_json()["items"] == []


def test_of_two_officers_who_recall_a_lot_at_once_one_does(door: Door, admin: FlaskClient) -> None:
    body = {"reason": "sterility in doubt", "class": 1, "at": moment(-0.5)}
    token = door.token("officer", "450000")
    with ThreadPoolExecutor(4) as officers:
        sent = [
            officers.submit(door.client(token).post, f"{_LOT}/recall", json=body) for _ in range(4)
        ]
        answers = [answer.result() for answer in sent]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    with door.database.read() as session:
        owed = session.scalars(select(Outbox.email).where(Outbox.kind == RECALL)).all()
    assert sorted(owed) == ["both@cdc.example", "duty@cdc.example"]


def test_an_acknowledgement_at_once_from_two_counts_once(door: Door, admin: FlaskClient) -> None:
    number = recall(admin)
    path = f"/api/v1/recalls/{number}/acknowledge"
    token = door.token("vaccinator", site="CLINIC")
    with ThreadPoolExecutor(4) as people:
        sent = [people.submit(door.client(token).post, path, json={}) for _ in range(4)]
        codes = sorted(answer.result().status_code for answer in sent)
    assert codes == [200, 200, 200, 201]


def test_only_officers_recall(door: Door, admin: FlaskClient) -> None:
    body = {"reason": "sterility in doubt", "class": 1}
    for client in (
        door.client(door.token("vaccinator", site="CLINIC")),
        door.client(door.token("viewer", "451481")),
    ):
        assert client.post(f"{_LOT}/recall", json=body).status_code == 403
    number = recall(admin)
    viewer = door.client(door.token("viewer", "450000"))
    path = f"/api/v1/recalls/{number}"
    assert viewer.post(f"{path}/acknowledge", json={"site": "CLINIC"}).status_code == 403
    assert viewer.post(f"{path}/recipients", json={"reason": "curious"}).status_code == 403


@pytest.mark.parametrize("urgency", [0, 4, "1", None])
def test_a_class_that_is_none_is_refused(admin: FlaskClient, urgency: object) -> None:
    body = {"reason": "sterility in doubt", "class": urgency}
    assert admin.post(f"{_LOT}/recall", json=body).status_code == 422


def test_a_county_sees_its_own_sites_and_people(door: Door, admin: FlaskClient) -> None:
    load_registry(door.database, _NEXT)
    moves = [
        movement("m8", -0.9, "shipping", **{"from": "FRIDGE", "to": "NEXT"}) | {"doses": 9},
        movement("m9", -0.8, "receiving", **{"from": "CLINIC", "to": "NEXT-1"}) | {"doses": 9},
    ]
    assert admin.post("/api/v1/movements", json=moves).status_code == 201
    given = dose("d2", -0.7, site="NEXT", unit="NEXT-1") | {"recipient": _OTHER_PERSON}
    assert admin.post("/api/v1/doses", json=given).status_code == 201
    number = recall(admin)
    county = door.client(door.token("officer", "451482"))
    assert [row["site"] for row in report(county, number)["sites"]] == ["NEXT"]
    assert report(county, number)["total"]["recipients"] == 1
    assert report(admin, number)["total"]["recipients"] == 2
    path = f"/api/v1/recalls/{number}/recipients"
    assert [one["id"] for one in county.get(path).get_json()["items"]] == ["d2"]
    of_county = recall(county, reason="of the county")
    path = f"/api/v1/recalls/{of_county}/recipients"
    assert [one["id"] for one in admin.get(path).get_json()["items"]] == ["d2"]


def test_the_people_of_a_recall_come_masked_and_the_look_is_written_down(
    door: Door, admin: FlaskClient
) -> None:
    number = recall(admin)
    other = {"lot": {"gtin": GTIN, "number": "L2"}}
    admin.post("/api/v1/doses", json=dose("again", -0.1, **other))
    text = admin.get(f"/api/v1/recalls/{number}/recipients?format=csv").text
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["id"], row["name"]) == ("d1", "张**")
    assert DOCUMENT not in text
    assert row["again_at"].startswith("2021-05-09T03:54")
    with door.database.read() as session:
        newest = session.scalars(select(Audit).order_by(Audit.id.desc())).first()
    assert newest is not None
    assert newest.action == "list recipients"
    assert newest.detail == {"recall": number, "format": "csv"}


def test_the_people_of_a_recall_are_shown_for_a_reason(door: Door, admin: FlaskClient) -> None:
    number = recall(admin)
    path = f"/api/v1/recalls/{number}/recipients"
    wanted = {"reason": "to call them back"}
    [item] = admin.post(path, json=wanted).get_json()["items"]
    assert item["recipient"]["document"] == DOCUMENT
    assert DOCUMENT in admin.post(path, json=wanted | {"format": "csv"}).text
    with door.database.read() as session:
        kept = session.scalars(select(Audit).where(Audit.action == "reveal recipients")).all()
    assert [one.detail["reason"] for one in kept if one.detail] == ["to call them back"] * 2


def test_a_site_acknowledges_once(door: Door, admin: FlaskClient) -> None:
    number = recall(admin)
    clinic = door.client(door.token("vaccinator", site="CLINIC"))
    path = f"/api/v1/recalls/{number}/acknowledge"
    assert clinic.post(path, json={}).status_code == 201
    assert clinic.post(path, json={}).status_code == 200
    assert clinic.post(path, json={"site": "CDC"}).status_code == 404
    total = report(admin, number)["total"]
    assert (total["sites"], total["acknowledged_percent"]) == (1, 100)


def test_an_account_of_one_site_acknowledges_with_no_body(door: Door, admin: FlaskClient) -> None:
    path = f"/api/v1/recalls/{recall(admin)}/acknowledge"
    clinic = door.client(door.token("vaccinator", site="CLINIC"))
    assert clinic.post(path).status_code == 201
    assert clinic.post(path, data=b"", content_type="application/json").status_code == 200
    assert clinic.post(path, data=b"{}").status_code == 415
    answer = admin.post(path)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["site"])
    [body] = [
        operation["requestBody"]
        for place, item in admin.get("/api/v1/openapi.json").get_json()["paths"].items()
        if place.endswith("/acknowledge")
        for operation in [item["post"]]
    ]
    assert not body.get("required")


def test_the_sites_come_as_a_table(admin: FlaskClient) -> None:
    number = recall(admin)
    text = admin.get(f"/api/v1/recalls/{number}?format=csv").text
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["site"], row["held"]) == ("CLINIC", "99")
    assert list(row)[:3] == ["site", "division", "notified_at"]


def test_a_recall_elsewhere_is_not_there(door: Door, admin: FlaskClient) -> None:
    number = recall(door.client(door.token("officer", "451481")))
    beijing = door.client(door.token("officer", "110000"))
    assert beijing.get(f"/api/v1/recalls/{number}").status_code == 404
    assert beijing.get(f"/recalls/{number}").status_code == 404
