"""Lots over HTTP: where they went, what is left, who received them."""

from __future__ import annotations

import csv
import io

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose, moment, movement
from tests.integration.door import Door
from traceapp.models.account import Audit

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}"


def test_a_lot_is_traced_forward_with_its_balance(admin: FlaskClient) -> None:
    trace = admin.get(f"{_LOT}/trace").get_json()
    assert [(one["from"], one["to"]) for one in trace["shipments"]] == [
        ("MAKER", "CDC"),
        ("CDC", "CLINIC"),
    ]
    balance = trace["balance"]
    assert (balance["made"], balance["on_hand"], balance["administered"]) == (100, 99, 1)
    assert trace["holdings"] == [{"site": "CLINIC", "unit": "FRIDGE", "doses": 99}]


def test_its_shipments_come_in_pages(admin: FlaskClient) -> None:
    whole = admin.get(f"{_LOT}/trace").get_json()
    first = admin.get(f"{_LOT}/trace", query_string={"limit": "1"}).get_json()
    query = {"limit": "1", "cursor": first["next"]}
    second = admin.get(f"{_LOT}/trace", query_string=query).get_json()
    assert first["shipments"] + second["shipments"] == whole["shipments"]
    assert (whole["next"], second["next"]) == (None, None)
    assert second["balance"] == whole["balance"]
    foreign = admin.get(f"{_LOT}/trace", query_string={"cursor": "nobody gave this"})
    assert foreign.status_code == 422
    page = admin.get(f"/lots/{GTIN}/{NUMBER}", query_string={"cursor": first["next"]}).text
    assert page.count("<tr><td>") > 0


def test_a_site_whose_only_report_was_withdrawn_is_none_of_its_sites(admin: FlaskClient) -> None:
    def sites() -> list[str]:
        return [one["code"] for one in admin.get(f"{_LOT}/trace").get_json()["sites"]]

    def tell(told: dict[str, object]) -> None:
        answer = admin.post("/api/v1/movements", json=told)
        assert answer.status_code == 201, answer.text

    other = {"lot": {"gtin": GTIN, "number": "L9"}}
    lot = f"/api/v1/lots/{GTIN}/L9/trace"
    gone = {"corrected_at": moment(0), "void": True, "reason": "typed for another lot"}
    made = movement("x1", -9, "commissioning", to="MAKER-1") | other
    sent = movement("x2", -8, "shipping", **{"from": "MAKER-1"}, to="CDC") | other
    counted = movement("x3", -8, "counting", **{"from": "FRIDGE"}, doses=3) | other
    for told in (made, sent, counted):
        tell(told)

    def sites_of_other() -> list[str]:
        return [one["code"] for one in admin.get(lot).get_json()["sites"]]

    assert sites_of_other() == ["CDC", "CLINIC", "MAKER"]
    tell({**counted, "id": "x4", "corrects": "x3", **gone})
    assert sites_of_other() == ["CDC", "MAKER"]  # The one that some is on its way to stays.
    tell({**sent, "id": "x5", "corrects": "x2", **gone})
    assert sites_of_other() == ["MAKER"]
    assert sites() == ["CDC", "CLINIC", "MAKER"]


def test_recipients_are_masked_and_every_look_is_audited(door: Door, admin: FlaskClient) -> None:
    answer = admin.get(f"{_LOT}/doses")
    [item] = answer.get_json()["items"]
    assert item["recipient"] == {"document": "4514**********1234", "name": "张**"}
    assert DOCUMENT not in answer.text
    with door.database.read() as session:
        line = session.scalars(select(Audit).where(Audit.action == "list recipients")).one()
    assert (line.actor, line.object) == ("admin", f"{GTIN}/{NUMBER}")


def test_the_list_comes_in_pages(admin: FlaskClient) -> None:
    for number in range(2, 6):
        admin.post("/api/v1/doses", json=dose(f"d{number}", hours=-1 / number, dose_number=number))
    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = admin.get(f"{_LOT}/doses", query_string=query).get_json()
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["d5", "d4", "d3", "d2", "d1"]


def test_the_whole_list_comes_as_a_table(admin: FlaskClient) -> None:
    admin.post("/api/v1/doses", json=dose("d2", hours=-0.5, dose_number=2))
    answer = admin.get(f"{_LOT}/doses?format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == ["d2", "d1"]
    assert rows[0]["document"] == "4514**********1234"
    assert DOCUMENT not in answer.text
