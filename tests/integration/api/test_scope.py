"""A token sees its division and everything below it; another's is not there."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.scene import GTIN, NUMBER, movement
from tests.integration.door import Door

_OF_THE_CLINIC = [
    "/api/v1/sites/CLINIC",
    "/api/v1/sites/CLINIC/use-first",
    "/sites/CLINIC",
    "/api/v1/units/FRIDGE",
    "/api/v1/sensors/S1",
    "/api/v1/units/FRIDGE/readings",
    "/api/v1/doses/d1/trace",
    "/api/v1/excursions/1",
    "/api/v1/excursions/1/impact",
    "/units/FRIDGE",
    "/units/FRIDGE/now",
    "/excursions/1",
    "/doses/d1",
]


def test_another_divisions_is_404(door: Door, admin: FlaskClient) -> None:
    expected = {"451481": 200, "451400": 200, "450000": 200, "": 200}
    expected |= {"110000": 404, "451300": 404, "451482": 404}
    for division, status in expected.items():
        client = door.client(door.token("officer", division))
        for path in _OF_THE_CLINIC:
            assert client.get(path).status_code == status, (division, path)


def test_lists_and_counts_obey_the_scope(door: Door, admin: FlaskClient) -> None:
    def items(client: FlaskClient, path: str) -> list[Any]:
        found: list[Any] = client.get(path).get_json()["items"]
        return found

    guangxi = door.client(door.token("officer", "450000"))
    beijing = door.client(door.token("officer", "110000"))
    assert {one["code"] for one in items(guangxi, "/api/v1/sites")} == {"CDC", "CLINIC"}
    assert {one["code"] for one in items(beijing, "/api/v1/sites")} == {"MAKER"}
    assert {one["code"] for one in items(beijing, "/api/v1/sensors")} == {"M2"}
    assert len(items(guangxi, "/api/v1/excursions")) == 2
    assert items(beijing, "/api/v1/excursions") == []
    assert "FRIDGE" not in beijing.get("/").text
    assert "FRIDGE" in guangxi.get("/").text
    assert items(beijing, "/api/v1/trace?code=FRIDGE") == []
    assert items(beijing, "/api/v1/trace?code=d1") == []


def test_a_lot_is_seen_where_it_has_been_and_its_recipients_where_they_were(
    door: Door, admin: FlaskClient
) -> None:
    lot = f"/api/v1/lots/{GTIN}/{NUMBER}"
    maker = door.client(door.token("officer", "110000"))
    assert maker.get(f"{lot}/trace").status_code == 200
    assert maker.get(f"{lot}/doses").get_json()["items"] == []
    assert len(maker.get(f"{lot}/doses?format=csv").text.splitlines()) == 1
    stranger = door.client(door.token("officer", "310000"))
    assert stranger.get(f"{lot}/trace").status_code == 404
    assert stranger.get(f"{lot}/doses").status_code == 404
    assert stranger.get(f"/lots/{GTIN}/{NUMBER}").status_code == 404


def test_a_lot_on_its_way_is_found_by_those_who_wait_for_it_and_by_nobody_else(
    door: Door, admin: FlaskClient
) -> None:
    lot = {"gtin": GTIN, "number": "L2"}
    made = movement("w1", -20, "commissioning", to="MAKER-1") | {"lot": lot}
    sent = movement("w2", -10, "shipping", **{"from": "MAKER-1", "to": "CLINIC"}) | {"lot": lot}
    assert admin.post("/api/v1/movements", json=[made, sent]).status_code == 201
    for division, is_seen in (("451481", True), ("110000", True), ("310000", False)):
        officer = door.client(door.token("officer", division))
        found = officer.get("/api/v1/trace?code=L2").get_json()["items"]
        assert [one["url"] for one in found] == [f"/lots/{GTIN}/L2"] * is_seen, division
        trace = officer.get(f"/api/v1/lots/{GTIN}/L2/trace")
        assert trace.status_code == (200 if is_seen else 404), division


def test_one_site_sees_itself(door: Door, admin: FlaskClient) -> None:
    clinic = door.client(door.token("viewer", "451481", "CLINIC"))
    assert [one["code"] for one in clinic.get("/api/v1/sites").get_json()["items"]] == ["CLINIC"]
    assert clinic.get("/api/v1/units/CDC-1").status_code == 404


def test_a_device_reports_for_its_own_place(door: Door, admin: FlaskClient) -> None:
    device = door.client(door.token("device", "451481", "CLINIC"))
    reading = {"at": "2021-05-09T11:59:00+08:00", "celsius": 4.0}
    own = {"sensor": "S1", "readings": [reading]}
    assert device.post("/api/v1/readings", json=own).status_code == 201
    other = {"sensor": "C1", "readings": [reading]}
    assert device.post("/api/v1/readings", json=other).status_code == 404
    counted = movement("c1", -1, "counting", **{"from": "FRIDGE"}, doses=99)
    assert device.post("/api/v1/movements", json=counted).status_code == 201
    foreign = movement("c2", -1, "counting", **{"from": "CDC-1"}, doses=0)
    both = device.post("/api/v1/movements", json=[{**counted, "id": "c3"}, foreign])
    assert both.status_code == 404
    assert list(both.get_json()["errors"]) == ["[1].from"]
    again = device.post("/api/v1/movements", json={**counted, "id": "c3"})
    assert again.status_code == 201
    nowhere = movement("c4", -1, "counting", **{"from": "NOWHERE"}, doses=0)
    assert device.post("/api/v1/movements", json=nowhere).status_code == 404


def test_what_was_refused_is_seen_by_the_officers_of_its_place(
    door: Door, admin: FlaskClient
) -> None:
    wrong = {"sensor": "S1", "readings": [{"at": "now", "celsius": 4.0}]}
    assert (
        door.client(door.token("device", "450000")).post("/api/v1/readings", json=wrong).status_code
        == 422
    )
    for division, count in (("451481", 1), ("", 1), ("110000", 0)):
        officer = door.client(door.token("officer", division))
        assert len(officer.get("/api/v1/rejections").get_json()["items"]) == count, division


def test_an_administrator_changes_only_the_own_division(door: Door, admin: FlaskClient) -> None:
    guangxi = door.client(door.token("admin", "450000"))
    site = {"name": "站", "type": "clinic", "division": "451481"}
    unit = {"site": "CLINIC", "name": "箱", "type": "freezer"}
    product = {"name": "疫苗"}
    contact = {"email": "x@cdc.example", "division": "110000"}
    assert guangxi.put("/api/v1/sites/NEW", json=site).status_code == 201
    assert guangxi.put("/api/v1/sites/NEW", json={**site, "division": "110000"}).status_code == 404
    assert guangxi.put("/api/v1/sites/MAKER", json=site).status_code == 404
    assert guangxi.put("/api/v1/units/NEW-1", json=unit).status_code == 201
    assert guangxi.put("/api/v1/units/NEW-2", json={**unit, "site": "MAKER"}).status_code == 404
    assert guangxi.put("/api/v1/units/MAKER-1", json=unit).status_code == 404
    assert guangxi.put("/api/v1/sensors/M2", json={"unit": "FRIDGE"}).status_code == 404
    assert guangxi.put("/api/v1/sensors/S1", json={"unit": "MAKER-1"}).status_code == 404
    assert guangxi.put("/api/v1/products/06901234567809", json=product).status_code == 403
    assert guangxi.put("/api/v1/contacts", json=contact).status_code == 404
    assert guangxi.put("/api/v1/divisions/110000", json={"name": "x"}).status_code == 404


def test_a_lots_page_says_which_figures_are_of_the_whole_lot_and_which_of_the_readers_part(
    door: Door, admin: FlaskClient
) -> None:
    whole = admin.get(f"/api/v1/lots/{GTIN}/{NUMBER}/trace").get_json()
    assert whole["balance_within"] == whole["balance"]
    maker = door.client(door.token("vaccinator", "110000", "MAKER"))
    part = maker.get(f"/api/v1/lots/{GTIN}/{NUMBER}/trace").get_json()
    assert part["balance"] == whole["balance"]
    assert (part["balance"]["administered"], part["balance_within"]["administered"]) == (1, 0)
    assert part["balance_within"]["in_transit"] is None
    held = sum(one["doses"] for one in part["holdings"])
    assert part["balance_within"]["on_hand"] == held < part["balance"]["on_hand"]
    said = "within what you may see"
    english = {"Accept-Language": "en"}
    assert said in maker.get(f"/lots/{GTIN}/{NUMBER}", headers=english).text
    assert said not in admin.get(f"/lots/{GTIN}/{NUMBER}", headers=english).text


def test_a_dose_page_links_to_nothing_that_its_reader_may_not_see(
    door: Door, admin: FlaskClient
) -> None:
    at_clinic = door.client(door.token("vaccinator", "451481", "CLINIC"))
    page = at_clinic.get("/doses/d1").text
    assert "冷藏车" in page
    links = set(re.findall(r'href="(/(?:units|excursions|lots|doses)/[^"]+)"', page))
    assert {at_clinic.get(one).status_code for one in links} == {200}
    assert 'href="/units/FRIDGE"' in page
    everything = admin.get("/doses/d1").text
    assert 'href="/units/TRUCK"' in everything
