"""One shipment: each receipt of it, what was reported of it, and what is still on its way."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.scene import GTIN, NUMBER, moment, movement
from tests.integration.door import Door


def told(client: FlaskClient, *movements: dict[str, Any]) -> None:
    answer = client.post("/api/v1/movements", json=list(movements))
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["refused"] == 0


def sent(code: str, hours: float, doses: int, **more: Any) -> dict[str, Any]:
    return movement(code, hours, "shipping", **{"from": "CDC-1"}, to="CLINIC", doses=doses, **more)


def came(code: str, hours: float, doses: int, **more: Any) -> dict[str, Any]:
    return movement(code, hours, "receiving", **{"from": "CDC"}, to="FRIDGE", doses=doses, **more)


def shipment(client: FlaskClient, code: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/shipments/{code}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def exposure_in_list(client: FlaskClient) -> dict[str, Any]:
    """What the lot's list of shipments says of the journey of its newest one."""
    *_, listed = client.get(f"/api/v1/lots/{GTIN}/{NUMBER}/trace").get_json()["shipments"]
    exposure: dict[str, Any] = listed["exposure"]
    return exposure


def sums(found: dict[str, Any]) -> tuple[str, int, int, int]:
    counted = ("doses_shipped", "doses_received", "doses_on_the_way")
    return (found["state"], *(found[name] for name in counted))


def codes(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["movement"], one["code"]) for one in found["findings"]}


def test_a_shipment_is_received_in_parts_until_nothing_is_on_its_way(admin: FlaskClient) -> None:
    told(admin, sent("s", -8, 60, document="SO-1", carrier="TRUCK"))
    found = shipment(admin, "s")
    assert sums(found) == ("on_the_way", 60, 0, 60)
    assert (found["on_the_way_since"], found["receipts"]) == (found["shipped_at"], [])
    assert found["exposure"]["unknown_minutes"] > 0
    assert exposure_in_list(admin) == found["exposure"]
    told(admin, came("r1", -6, 40, document="SO-1"))
    found = shipment(admin, "s")
    assert sums(found) == ("partly_received", 60, 40, 20)
    assert ("s", "received_less") in codes(found)
    assert exposure_in_list(admin) == found["exposure"]
    told(admin, came("r2", -2, 20, document="SO-1"))
    found = shipment(admin, "s")
    assert sums(found) == ("received", 60, 60, 0)
    assert found["on_the_way_since"] is None
    assert [(one["id"], one["unit"], one["of_this"]) for one in found["receipts"]] == [
        ("r1", "FRIDGE", 40),
        ("r2", "FRIDGE", 20),
    ]
    assert not {code for _, code in codes(found)} & {"received_less", "received_more"}


def test_a_receipt_of_two_shipments_is_parted_among_them(admin: FlaskClient) -> None:
    told(admin, sent("s1", -9, 30), sent("s2", -8, 30), came("r", -6, 45))
    one, two = shipment(admin, "s1"), shipment(admin, "s2")
    assert (sums(one), sums(two)) == (
        ("received", 30, 30, 0),
        ("partly_received", 30, 15, 15),
    )
    parts = [
        (found["receipts"][0]["doses"], found["receipts"][0]["of_this"]) for found in (one, two)
    ]
    assert parts == [(45, 30), (45, 15)]


def test_more_than_was_shipped_is_found_with_the_shipment(admin: FlaskClient) -> None:
    told(admin, sent("s", -8, 30), came("r", -6, 35))
    found = shipment(admin, "s")
    assert sums(found) == ("received", 30, 30, 0)
    assert (found["receipts"][0]["doses"], found["receipts"][0]["of_this"]) == (35, 30)
    assert ("r", "received_more") in codes(found)


def test_what_was_returned_and_broken_is_told_by_the_document(admin: FlaskClient) -> None:
    told(
        admin,
        sent("s", -8, 60, document="SO-1"),
        came("r", -6, 60, document="SO-1"),
        movement("w", -5, "wasting", **{"from": "FRIDGE"}, doses=3, reason="破损", document="SO-1"),
        movement("b", -5, "returning", **{"from": "FRIDGE"}, to="CDC", doses=7, document="SO-1"),
        movement("o", -5, "wasting", **{"from": "FRIDGE"}, doses=1, reason="expired"),
    )
    reported = shipment(admin, "s")["reported"]
    assert [(one["id"], one["step"], one["doses"], one["reason"]) for one in reported] == [
        ("b", "returning", 7, None),
        ("w", "wasting", 3, "破损"),
    ]
    assert sums(shipment(admin, "b")) == ("on_the_way", 7, 0, 7)


def test_of_two_shipments_under_one_number_what_broke_is_told_of_neither(
    admin: FlaskClient,
) -> None:
    told(
        admin,
        sent("s", -8, 60, document="SO-1"),
        came("r", -6, 60, document="SO-1"),
        movement("w", -5, "wasting", **{"from": "FRIDGE"}, doses=3, reason="破损", document="SO-1"),
        movement("b", -5, "returning", **{"from": "FRIDGE"}, to="CDC", doses=7, document="SO-1"),
    )
    told(admin, sent("later", -4, 10, document="SO-1"))
    assert [one["id"] for one in shipment(admin, "s")["reported"]] == ["b"]
    assert shipment(admin, "later")["reported"] == []


def test_what_is_on_its_way_adds_up_to_the_balance_of_the_lot(admin: FlaskClient) -> None:
    told(admin, sent("s1", -9, 30), sent("s2", -8, 20), came("r", -6, 35), sent("s3", -5, 10))
    trace = admin.get(f"/api/v1/lots/{GTIN}/{NUMBER}/trace").get_json()
    found = [shipment(admin, row["id"]) for row in trace["shipments"]]
    assert sum(one["doses_on_the_way"] for one in found) == trace["balance"]["in_transit"] == 25
    received = [one["doses_received"] for one in found]
    assert received == [row["doses_received"] for row in trace["shipments"]]


def test_a_shipment_that_was_withdrawn_carries_nothing(admin: FlaskClient) -> None:
    told(admin, sent("s", -8, 30), came("r", -6, 10))
    void = {"corrects": "s", "corrected_at": moment(-1), "void": True, "reason": "typed twice"}
    told(admin, sent("v", -8, 30, **void))
    found = shipment(admin, "s")
    assert sums(found) == ("not_in_force", 30, 0, 0)
    assert ("s", "withdrawn") in codes(found)


def test_sender_and_receiver_see_it_and_nobody_else(door: Door, admin: FlaskClient) -> None:
    told(admin, sent("s", -8, 30))
    for division, site, status in (
        ("451481", "CLINIC", 200),
        ("451481", "CDC", 200),
        ("450000", None, 200),
        ("110000", None, 404),
    ):
        client = door.client(door.token("viewer", division, site))
        assert client.get("/api/v1/shipments/s").status_code == status, (division, site)
    for code in ("m1", "m5", "nobody"):  # What made it, what received it, and nothing.
        assert admin.get(f"/api/v1/shipments/{code}").status_code == 404


def test_the_page_of_a_shipment_is_found_from_its_lot(door: Door, admin: FlaskClient) -> None:
    told(admin, sent("s", -8, 30, document="SO-1"), came("r", -6, 10))
    browser = door.browser()
    assert 'href="/shipments/s"' in browser.get(f"/lots/{GTIN}/{NUMBER}").text
    browser.set_cookie("language", "zh")
    page = browser.get("/shipments/s").text
    assert "部分收货" in page
    assert "received_less" in page
    assert browser.get("/shipments/nobody").status_code == 404
