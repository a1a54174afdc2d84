"""Holds and releases over HTTP: how far they reach, what they stop, and what stays of them."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.integration.api.scene import GTIN, NUMBER, dose, moment, movement
from tests.integration.country import load_registry
from tests.integration.door import Door
from traceapp.models.account import Audit
from traceapp.models.lot import Lot

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}"
_OTHER_COUNTY: list[dict[str, Any]] = [
    {"kind": "site", "code": "NEXT", "name": "邻县", "type": "clinic", "division": "451482"},
    {"kind": "unit", "code": "NEXT-1", "site": "NEXT", "name": "冰箱", "type": "refrigerator"},
]


def officer(door: Door, division: str) -> FlaskClient:
    return door.client(door.token("officer", division))


def check(client: FlaskClient, site: str = "CLINIC") -> list[str]:
    """The codes of what the check finds, without what depends on temperatures."""
    query = {"gtin": GTIN, "lot": NUMBER, "site": site}
    found = client.get("/api/v1/doses/check", query_string=query).get_json()
    codes = [one["code"] for one in found["findings"]]
    assert ("lot_held" in codes) <= (found["verdict"] == "stop")
    return codes


def hold(client: FlaskClient, reason: str = "two vials with particles", **more: Any) -> int:
    answer = client.post(f"{_LOT}/hold", json={"reason": reason, **more})
    assert answer.status_code == 201, answer.text
    return int(answer.get_json()["id"])


def release(client: FlaskClient, **more: Any) -> Any:
    return client.post(f"{_LOT}/release", json={"reason": "nothing was found", **more})


def test_a_held_lot_stops_at_the_check_until_it_is_released(door: Door, admin: FlaskClient) -> None:
    county = officer(door, "451481")
    assert "lot_held" not in check(admin)
    hold(county)
    assert "lot_held" in check(admin)
    stock = admin.get("/api/v1/sites/CLINIC/use-first").get_json()
    assert stock["use_first"] == []
    assert "lot_held" in [one["code"] for one in stock["do_not_use"][0]["findings"]]
    assert release(county).status_code == 201
    assert "lot_held" not in check(admin)


def test_a_hold_reaches_its_division_and_nothing_beside_it(door: Door, admin: FlaskClient) -> None:
    load_registry(door.database, _OTHER_COUNTY)
    hold(officer(door, "451481"))
    assert "lot_held" in check(admin, "CLINIC")
    assert "lot_held" not in check(admin, "NEXT")
    hold(officer(door, "450000"))
    assert "lot_held" in check(admin, "NEXT")
    assert "lot_held" not in check(admin, "MAKER")


def test_the_hold_of_one_site_reaches_that_site(door: Door, admin: FlaskClient) -> None:
    at_site = door.client(door.token("officer", "451481", "CLINIC"))
    hold(at_site)
    assert "lot_held" in check(admin, "CLINIC")
    assert "lot_held" not in check(admin, "CDC")


def test_each_of_two_holds_needs_its_own_release(door: Door, admin: FlaskClient) -> None:
    county, province = officer(door, "451481"), officer(door, "450000")
    of_county, of_province = hold(county), hold(province, "recall in another country")
    assert release(county, hold=of_province).status_code == 403
    assert release(county).status_code == 201
    assert "lot_held" in check(admin)
    assert release(county).status_code == 409
    assert release(province).get_json()["id"] == of_province
    assert "lot_held" not in check(admin)
    assert release(province, hold=of_county).status_code == 200


def test_where_several_holds_could_be_meant_the_answer_lists_them(
    door: Door, admin: FlaskClient
) -> None:
    first, second = hold(officer(door, "451481")), hold(officer(door, "450000"))
    answer = release(admin)
    assert answer.status_code == 409
    assert f"one of {second}, {first}" in answer.get_json()["errors"]["hold"][0]
    assert release(admin, hold=first).status_code == 201
    assert release(admin, hold=999).status_code == 404


def test_the_same_hold_again_is_one_hold_and_one_line_in_the_audit(
    door: Door, admin: FlaskClient
) -> None:
    county = officer(door, "451481")
    number = hold(county, "call 13800138000 about it")
    again = county.post(f"{_LOT}/hold", json={"reason": "call 13800138000 about it"})
    assert (again.status_code, again.get_json()["id"]) == (200, number)
    assert "13800138000" not in again.text
    release(county)
    with door.database.read() as session:
        lines = session.scalars(select(Audit).order_by(Audit.id)).all()
    acts = [(one.actor, one.action) for one in lines if one.object == f"{GTIN}/{NUMBER}"]
    assert acts == [("officer-451481", "hold lot"), ("officer-451481", "release lot")]


def test_doses_and_movements_in_spite_of_a_hold_are_kept_with_a_finding(
    door: Door, admin: FlaskClient
) -> None:
    hold(officer(door, "451481"), at=moment(-5))
    release(admin, at=moment(-2))
    for number, hours in (("before", -6), ("during", -4), ("after", -1.5)):
        answer = admin.post("/api/v1/doses", json=dose(number, hours, dose_number=2))
        assert answer.status_code == 201
        codes = [one["code"] for one in answer.get_json()["findings"]]
        assert ("lot_held" in codes) == (number == "during")
    moves = [
        movement("isolated", -4, "storing", **{"from": "FRIDGE", "to": "FRIDGE-2"}) | {"doses": 9},
        movement("thrown", -3, "wasting", **{"from": "FRIDGE", "reason": "broken"}) | {"doses": 1},
        movement("late", -1.9, "wasting", **{"from": "FRIDGE", "reason": "broken"}) | {"doses": 1},
    ]
    answer = admin.post("/api/v1/movements", json=moves)
    assert answer.get_json()["stored"] == 3, answer.text
    found = [
        one["movement"]
        for one in answer.get_json()["findings"]
        if one["code"] == "moved_while_held"
    ]
    assert found == ["thrown"]
    findings = admin.get(f"{_LOT}/trace").get_json()["findings"]
    assert [
        (one["code"], one["dose"] or one["movement"])
        for one in findings
        if one["code"] in ("lot_held", "moved_while_held")
    ] == [("lot_held", "during"), ("moved_while_held", "thrown")]


def test_the_trace_tells_nobody_below_who_placed_a_hold(door: Door, admin: FlaskClient) -> None:
    hold(officer(door, "450000"), at=moment(-5))
    [below] = officer(door, "451481").get(f"{_LOT}/trace").get_json()["holds"]
    [above] = admin.get(f"{_LOT}/trace").get_json()["holds"]
    assert (below["by"], above["by"]) == (None, "officer-450000")
    assert below["reason"] == "two vials with particles"
    assert (above["division"], above["division_name"]) == ("450000", "广西壮族自治区")
    assert (above["at"], above["recorded_at"]) == ("2021-05-08T23:00:00Z", "2021-05-09T04:00:00Z")
    beside = officer(door, "110000").get(f"{_LOT}/trace").get_json()
    assert beside["holds"] == []
    assert all(one["code"] != "lot_held" for one in beside["findings"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("hold", {}, 422),
        ("hold", {"reason": "  "}, 422),
        ("hold", {"reason": "why", "hold": 1}, 422),
        ("hold", {"reason": "why", "at": moment(1)}, 422),
        ("release", {"reason": "why"}, 409),
        ("release", {"reason": "why", "hold": 0}, 422),
    ],
)
def test_what_is_no_hold_changes_nothing(
    admin: FlaskClient, path: str, body: dict[str, Any], status: int
) -> None:
    assert admin.post(f"{_LOT}/{path}", json=body).status_code == status
    assert admin.get(f"{_LOT}/trace").get_json()["holds"] == []


def test_a_release_comes_after_its_hold(admin: FlaskClient) -> None:
    hold(admin, at=moment(-2))
    assert release(admin, at=moment(-3)).status_code == 422
    assert release(admin, at=moment(-2)).status_code == 201


def test_only_officers_hold_and_only_lots_that_they_see(door: Door, admin: FlaskClient) -> None:
    body = {"reason": "why"}
    vaccinator = door.client(door.token("vaccinator", site="CLINIC"))
    assert vaccinator.post(f"{_LOT}/hold", json=body).status_code == 403
    assert officer(door, "320000").post(f"{_LOT}/hold", json=body).status_code == 404


def test_the_page_of_a_lot_holds_it_and_releases_it(door: Door, admin: FlaskClient) -> None:
    browser, page = door.browser(), f"/lots/{GTIN}/{NUMBER}"
    browser.get("/language/zh")
    token = browser.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "reason": "瓶内有异物"}
    assert browser.post(f"{page}/hold", data={"reason": "x y"}).status_code == 403
    assert browser.post(f"{page}/hold", data=form).status_code == 303
    shown = browser.get(page).text
    assert "封存中" in shown
    assert "瓶内有异物" in shown
    number = shown.split('name="hold" value="')[1].split('"')[0]
    browser.post(f"{page}/release", data={**form, "reason": "检验合格", "hold": number})
    shown = browser.get(page).text
    assert "封存中" not in shown
    assert "检验合格" in shown


def test_a_lot_that_was_released_is_not_shown_as_held_for_doses_given_while_it_was(
    door: Door, admin: FlaskClient
) -> None:
    hold(officer(door, "451481"), at=moment(-5))
    for number, hours in (("during", -4), ("later", -3)):
        answer = admin.post("/api/v1/doses", json=dose(number, hours, dose_number=2))
        assert answer.status_code == 201
    browser = door.browser()
    assert "lot_held" in _notes(browser)
    assert release(admin, at=moment(-2)).status_code == 201
    assert "lot_held" not in _notes(browser)
    assert "dose_while_held" in browser.get(f"/lots/{GTIN}/{NUMBER}").text
    trace = admin.get(f"{_LOT}/trace").get_json()
    given = [one for one in trace["findings"] if one["code"] == "lot_held"]
    assert [one["dose"] for one in given] == ["during", "later"]
    assert all("when this dose was given" in one["text"] for one in given)
    [listed] = admin.get(
        "/api/v1/findings", query_string={"lot": NUMBER, "code": "dose_while_held"}
    ).get_json()["items"]
    assert (listed["count"], listed["site"]) == (2, "CLINIC")
    assert [one["dose"] for one in listed["examples"]] == ["later", "during"]
    beside = officer(door, "110000").get("/api/v1/findings?code=dose_while_held").get_json()
    assert beside["items"] == []


def _notes(client: FlaskClient) -> str:
    """What the lot's page says of the lot itself."""
    page = client.get(f"/lots/{GTIN}/{NUMBER}").text
    return "".join(re.findall(r'<ul class="findings">.*?</ul>', page, re.DOTALL))


def test_what_was_moved_in_spite_of_a_hold_is_listed_and_what_a_recall_brings_back_is_not(
    door: Door, admin: FlaskClient
) -> None:
    county = officer(door, "451481")
    hold(county, at=moment(-5))
    moves = [
        movement("thrown", -4, "wasting", **{"from": "FRIDGE", "reason": "broken"}) | {"doses": 1},
        movement("later", -2, "wasting", **{"from": "FRIDGE", "reason": "broken"}) | {"doses": 1},
    ]
    assert admin.post("/api/v1/movements", json=moves).get_json()["stored"] == 2
    query = {"code": "moved_while_held"}
    [listed] = admin.get("/api/v1/findings", query_string=query).get_json()["items"]
    assert listed["count"] == 2
    recalled = county.post(f"{_LOT}/recall", json={"reason": "glass", "at": moment(-3), "class": 1})
    assert recalled.status_code == 201, recalled.text
    [listed] = admin.get("/api/v1/findings", query_string=query).get_json()["items"]
    assert [one["movement"] for one in listed["examples"]] == ["thrown"]
    told = admin.get(f"{_LOT}/trace").get_json()["findings"]
    moved = [one["movement"] for one in told if one["code"] == "moved_while_held"]
    assert moved == ["thrown"]


def test_a_lot_that_expired_says_so_itself(door: Door, admin: FlaskClient) -> None:
    def codes() -> list[str]:
        return [one["code"] for one in admin.get(f"{_LOT}/trace").get_json()["findings"]]

    assert "lot_expired" not in codes()
    with door.database.begin() as session:
        session.execute(update(Lot).values(expires_on=date(2021, 5, 8)))
    assert "lot_expired" in codes()
    assert "lot_expired" in _notes(door.browser())
