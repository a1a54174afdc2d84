"""Further kinds of the list of findings: packings, doses that correct, gaps in journeys."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.api.scene import GTIN, MOVEMENTS, NUMBER, dose, moment, movement
from tests.integration.api.test_finding import PACK, found, post
from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import Door


@pytest.fixture
def empty(door: Door) -> FlaskClient:
    """The administrator of a country in which nothing happened yet."""
    load_registry(door.database, REGISTRY)
    return door.client(door.token("admin"))


def test_packings_that_cannot_be_are_found_until_the_missing_one_comes(empty: FlaskClient) -> None:
    first, second = (f"00{number}" + "0" * 17 for number in (1, 2))

    def packing(code: str, hours: float, parent: str, step: str = "packing") -> dict[str, Any]:
        told = {"id": code, "at": moment(hours), "step": step, "from": "CDC-1", "parent": parent}
        return told | {"packs": [PACK]}

    post(empty, {**MOVEMENTS[0], "packs": [PACK]})
    post(empty, packing("p1", -30, first), packing("p2", -20, second))
    post(empty, packing("p3", -10, first, "unpacking"))
    items = empty.get("/api/v1/findings?site=CDC").get_json()["items"]
    told = {one["code"]: [fact["movement"] for fact in one["examples"]] for one in items}
    assert {code: told[code] for code in ("in_two_cases", "not_in_case")} == {
        "in_two_cases": ["p2"],
        "not_in_case": ["p3"],
    }
    assert {one["lot"]["number"] for one in items if one["code"] == "in_two_cases"} == {NUMBER}
    post(empty, packing("p4", -25, first, "unpacking"))
    assert found(empty, code="in_two_cases") == {}
    assert found(empty, code="not_in_case") == {"not_in_case": 1}


def test_a_case_inside_itself_is_found_until_what_was_in_it_came_out(empty: FlaskClient) -> None:
    outer, inner = (f"00{number}" + "0" * 17 for number in (1, 2))

    def packing(code: str, hours: float, parent: str, *packs: str) -> dict[str, Any]:
        told = {"id": code, "at": moment(hours), "step": "packing", "from": "CDC-1"}
        return told | {"parent": parent, "packs": list(packs)}

    post(empty, packing("p1", -30, outer, inner), packing("p2", -20, inner, outer))
    assert found(empty) == {"packed_in_itself": 1}
    out = {**packing("p3", -25, outer, inner), "step": "unpacking"}
    post(empty, out)
    assert found(empty) == {}


def test_a_dose_that_corrects_what_nobody_reported_is_found_until_it_comes(
    empty: FlaskClient,
) -> None:
    wrong = dose("d1", -2)
    right = dose("d2", -1, corrects="d1", corrected_at=moment(0))
    post(empty, *MOVEMENTS, right)
    [item] = empty.get("/api/v1/findings?code=correction_waits").get_json()["items"]
    assert (item["site"], item["count"]) == ("CLINIC", 1)
    assert [fact["dose"] for fact in item["examples"]] == ["d2"]
    post(empty, wrong)
    assert found(empty, code="correction_waits") == {}


@pytest.mark.parametrize("is_first", [True, False])
def test_a_movement_that_corrects_a_dose_is_found_whichever_comes_first(
    empty: FlaskClient, is_first: bool
) -> None:
    wrong = {**MOVEMENTS[0], "id": "m9", "corrects": "d1", "corrected_at": moment(0)}
    facts = [dose("d1", -2), wrong] if is_first else [wrong, dose("d1", -2)]
    post(empty, facts[0])
    post(empty, facts[1])
    assert found(empty, code="correction_of_other_kind") == {"correction_of_other_kind": 1}
    assert found(empty, code="correction_waits") == {}
    told = empty.get("/api/v1/movements/m9").get_json()["findings"]
    assert "correction_of_other_kind" in [one["code"] for one in told]


def test_a_dose_that_corrects_a_movement_is_found_until_the_dose_of_that_id_comes(
    empty: FlaskClient,
) -> None:
    post(empty, MOVEMENTS[0], dose("d2", -1, corrects=MOVEMENTS[0]["id"], corrected_at=moment(0)))
    assert found(empty, code="correction_of_other_kind") == {"correction_of_other_kind": 1}
    post(empty, dose(MOVEMENTS[0]["id"], -2))
    assert found(empty, code="correction_of_other_kind") == {}


def test_a_dose_that_corrects_another_sites_dose_is_found(door: Door) -> None:
    load_registry(door.database, REGISTRY)
    admin = door.client(door.token("admin"))
    clinic = door.client(door.token("vaccinator", site="CLINIC"))
    right = dose("d2", -1, corrects="d1", corrected_at=moment(0))
    assert clinic.post("/api/v1/doses", json=right).status_code == 201
    post(admin, dose("d1", -2, site="CDC", unit="CDC-1"))
    assert found(admin, code="correction_stray") == {"correction_stray": 1}


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("goes_nowhere", {"to": "FRIDGE"}),
        ("check_digit", {"lot": {"gtin": GTIN[:-1] + "1", "number": NUMBER}}),
        ("pack_not_single", {"packs": [f"01{GTIN}10{NUMBER}", PACK]}),
    ],
)
def test_what_a_movement_says_alone_is_found_with_it_and_in_the_list_until_it_is_corrected(
    empty: FlaskClient, code: str, wrong: dict[str, Any]
) -> None:
    right = movement("x1", -5, "storing", **{"from": "FRIDGE", "to": "FRIDGE-2"}, doses=1)
    post(empty, *MOVEMENTS, {**right, **wrong})
    own = empty.get("/api/v1/movements/x1").get_json()["findings"]
    [text] = [one["text"] for one in own if one["code"] == code]
    assert " / " in text
    [item] = empty.get(f"/api/v1/findings?code={code}").get_json()["items"]
    assert (item["site"], item["count"], item["examples"][0]["movement"]) == ("CLINIC", 1, "x1")
    assert item["lot"]["number"] == NUMBER
    assert " / " in item["text"]
    assert found(empty, lot=NUMBER)[code] == 1
    assert found(empty, lot="another", code=code) == {}
    post(empty, {**right, "id": "x2", "corrects": "x1", "corrected_at": moment(0)})
    assert found(empty, code=code) == {}


@pytest.mark.parametrize(
    ("hours", "counts"),
    [
        ([-40.2, -40, -39, -38.9], {"journey_record_gap": 1}),
        ([-40 + step / 12 for step in range(-1, 49)], {}),
        ([-50, -40.05] + [-40 + step / 12 for step in range(1, 49)], {}),
        ([], {"no_journey_record": 1}),
    ],
    ids=["gap", "whole", "silent before", "nothing"],
)
def test_a_gap_in_the_record_of_a_journey_is_found(
    empty: FlaskClient, hours: list[float], counts: dict[str, int]
) -> None:
    post(empty, *[{**one, "carrier": "TRUCK"} if one["id"] == "m4" else one for one in MOVEMENTS])
    readings = [{"at": moment(hour), "celsius": 4.5} for hour in hours]
    if readings:
        said = {"sensor": "T1", "readings": readings}
        assert empty.post("/api/v1/readings", json=said).status_code == 201
    for code in ("journey_record_gap", "no_journey_record"):
        wanted = {code: counts[code]} if code in counts else {}
        assert found(empty, code=code, site="CLINIC") == wanted
