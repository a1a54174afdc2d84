"""Recalls over HTTP: what they stop, and how far they have come."""

from __future__ import annotations

import csv
import io
from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.scene import GTIN, NUMBER, dose, moment, movement
from tests.integration.door import Door

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}"


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
    [row] = report(admin, number)["sites"]
    assert (row["site"], row["held"], row["returned"]) == ("CLINIC", 99, 33)
    assert row["settled_percent"] == 33.3
    assert (row["given"], row["given_after"], row["recipients"]) == (1, 0, 1)


def test_a_later_dose_of_another_lot_vaccinates_again(admin: FlaskClient) -> None:
    number = recall(admin)
    assert report(admin, number)["total"]["revaccinated_percent"] == 0
    other = {"lot": {"gtin": GTIN, "number": "L2"}}
    assert admin.post("/api/v1/doses", json=dose("again", -0.1, **other)).status_code == 201
    assert report(admin, number)["total"]["revaccinated_percent"] == 100


def test_a_site_acknowledges_once(door: Door, admin: FlaskClient) -> None:
    number = recall(admin)
    clinic = door.client(door.token("vaccinator", site="CLINIC"))
    path = f"/api/v1/recalls/{number}/acknowledge"
    assert clinic.post(path, json={}).status_code == 201
    assert clinic.post(path, json={}).status_code == 200
    assert clinic.post(path, json={"site": "CDC"}).status_code == 404
    total = report(admin, number)["total"]
    assert (total["sites"], total["acknowledged_percent"]) == (1, 100)


def test_the_sites_come_as_a_table(admin: FlaskClient) -> None:
    number = recall(admin)
    text = admin.get(f"/api/v1/recalls/{number}?format=csv").text
    [row] = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    assert (row["site"], row["held"]) == ("CLINIC", "99")


def test_a_recall_elsewhere_is_not_there(door: Door, admin: FlaskClient) -> None:
    number = recall(door.client(door.token("officer", "451481")))
    beijing = door.client(door.token("officer", "110000"))
    assert beijing.get(f"/api/v1/recalls/{number}").status_code == 404
    assert beijing.get(f"/recalls/{number}").status_code == 404


def test_the_page_of_a_recall_shows_its_sites(door: Door, admin: FlaskClient) -> None:
    browser = door.browser()
    browser.get("/language/zh")
    page = browser.get(f"/recalls/{recall(admin)}").text
    assert "接种点" in page
    assert "已退回或销毁" in page
