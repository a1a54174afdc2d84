"""Cases: what moves with them, what their packs lived through, and what cannot be."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient

from schemas.movement import MovementSchema
from tests.integration.capture.test_movement import LOT
from tests.integration.country import NOW, REGISTRY, load_registry
from tests.integration.door import Door
from tests.integration.trace.test_code import give_pack
from tests.integration.trace.test_trace import COUNTRY, VAULT, at, give, measure
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.db import Database, open_database
from traceapp.trace.backward import trace_dose
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.code import meanings_of
from traceapp.trace.excursion import Wanted, list_excursions
from traceapp.trace.impact import trace_impact
from traceapp.trace.lookup import resolve
from traceapp.trace.movement import findings_of_movements
from traceapp.trace.scope import Scope

ONE, TWO = "81000000000000000001", "81000000000000000002"
BOX, PALLET = "(00)123456789012345675", "8003069012345678921BIN7"


def fact(name: str, hour: float, step: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "at": at(hour).isoformat(), "step": step, **more}


def moved(name: str, hour: float, step: str, doses: int, **more: Any) -> dict[str, Any]:
    return fact(name, hour, step, lot=LOT, doses=doses, **more)


def put(name: str, hour: float, parent: str, *packs: str) -> dict[str, Any]:
    return fact(name, hour, "packing", parent=parent, packs=list(packs), **{"from": "CDC-1"})


def take(name: str, hour: float, parent: str, *packs: str, unit: str = "FRIDGE") -> dict[str, Any]:
    return fact(name, hour, "unpacking", parent=parent, packs=list(packs), **{"from": unit})


def tell(database: Database, *documents: dict[str, Any]) -> None:
    movements = [MovementSchema().load(document) for document in documents]
    with database.begin() as session:
        [receipt] = record_movements(session, [MovementMessage(None, movements)], NOW)
    assert receipt.refusals == []


#: Two packs are made; one goes by the warm truck in a box on a pallet, the other by another way.
STORY = [
    moved("c1", 0, "commissioning", 2, to="CDC-1"),
    put("p1", 1, BOX, ONE),
    put("p2", 2, PALLET, BOX),
    moved(
        "s1", 3, "shipping", 1, to="CLINIC", carrier="TRUCK", packs=[PALLET], **{"from": "CDC-1"}
    ),
    moved("r1", 5, "receiving", 1, to="FRIDGE", packs=[PALLET], **{"from": "CDC"}),
    take("u1", 6, PALLET),
    take("u2", 6, BOX, ONE),
    moved("s2", 3, "shipping", 1, to="CLINIC", packs=[TWO], **{"from": "CDC-1"}),
    moved("r2", 5, "receiving", 1, to="FRIDGE", packs=[TWO], **{"from": "CDC"}),
]


def touched(database: Database) -> dict[str, str]:
    """The doses that the warm truck touched, and how certainly."""
    with database.read() as session:
        [one, *_] = list_excursions(session, COUNTRY, Wanted(unit="TRUCK"))["items"]
        impact = trace_impact(session, COUNTRY, int(one["id"]), NOW)
    assert impact is not None
    return {dose["id"]: dose["certainty"] for dose in impact["doses"]}


def units_of(database: Database, dose: str) -> list[str | None]:
    with database.read() as session:
        trace = trace_dose(session, COUNTRY, dose)
    assert trace is not None
    return [stretch["unit"] for stretch in trace["path"]]


@pytest.mark.parametrize("is_backwards", [False, True])
def test_a_pack_goes_the_way_of_the_case_that_it_was_in(
    database: Database, is_backwards: bool
) -> None:
    facts = STORY[::-1] if is_backwards else STORY
    measure(database, "T1", 3, *[12.0] * 20, 5.0)
    if is_backwards:
        give(database, "d1", 8, pack=ONE)
        give(database, "d2", 8, pack=TWO)
    for document in facts:
        tell(database, document)
    if not is_backwards:
        give(database, "d1", 8, pack=ONE)
        give(database, "d2", 8, pack=TWO)
    assert touched(database) == {"d1": "certain"}
    assert "TRUCK" in units_of(database, "d1")
    assert "TRUCK" not in units_of(database, "d2")


def test_what_came_out_before_or_went_in_later_does_not_go_along(database: Database) -> None:
    late = [
        put("p3", 0.5, BOX, TWO),
        take("u3", 2.5, BOX, TWO, unit="CDC-1"),
        put("p4", 4, BOX, TWO),
    ]
    measure(database, "T1", 3, *[12.0] * 20, 5.0)
    tell(database, *[one for one in STORY if one["id"] not in ("s2", "r2")], *late[:2])
    give(database, "d1", 8, pack=ONE)
    give(database, "d2", 8, pack=TWO, unit="FRIDGE-2")
    assert touched(database)["d1"] == "certain"
    with database.read() as session:
        found = resolve(session, COUNTRY, TWO, VAULT)
    assert [one["kind"] for one in found] == ["dose"]


@pytest.mark.parametrize("order", list(permutations((0, 1, 2)))[::2])
def test_a_dose_of_a_pack_that_was_only_named_in_its_case_finds_its_lot(
    database: Database, order: tuple[int, ...]
) -> None:
    steps: list[Any] = [
        lambda: tell(database, put("p1", 1, BOX, ONE), put("p2", 1, PALLET, BOX)),
        lambda: tell(database, moved("c1", 2, "commissioning", 2, to="FRIDGE", packs=[PALLET])),
        lambda: give_pack(database, "d1", 8, ONE),
    ]
    for step in order:
        steps[step]()
    with database.read() as session:
        trace = trace_dose(session, COUNTRY, "d1")
        check = check_dose(session, Intended(pack=ONE), at(7))
        kinds = [one["kind"] for one in resolve(session, COUNTRY, BOX, VAULT)]
    assert trace is not None
    assert trace["lot"]["number"] == LOT["number"]
    assert "lot_unknown" not in [one["code"] for one in check["findings"]]
    assert kinds == ["pack"]


def test_what_cannot_be_is_found_until_the_missing_fact_arrives(database: Database) -> None:
    wrong = [put("p1", 1, BOX, ONE), put("p9", 3, PALLET, ONE), take("u9", 2, PALLET, TWO)]
    for document in [*wrong[::-1], put("p8", 4, BOX, BOX)]:
        tell(database, document)
    names = ["p1", "p9", "u9", "p8"]
    with database.read() as session:
        found = findings_of_movements(session, names)
    assert sorted((one["code"], one["movement"]) for one in found) == [
        ("in_two_cases", "p9"),
        ("not_in_case", "u9"),
        ("packed_in_itself", "p8"),
    ]
    assert all(one["text"] for one in found)
    with database.read() as session:
        for code in (BOX, ONE):
            assert meanings_of(session, COUNTRY, code)[0]["known"]["pack"] is True
            assert meanings_of(session, Scope("330000"), code)[0]["known"]["pack"] is False
    tell(database, take("u8", 2, BOX, ONE, unit="CDC-1"), put("p7", 1, PALLET, TWO))
    with database.read() as session:
        assert [one["code"] for one in findings_of_movements(session, names)] == [
            "packed_in_itself"
        ]


def test_packing_over_http_is_stored_once_and_refused_where_it_says_nothing(door: Door) -> None:
    load_registry(door.database, REGISTRY)
    client: FlaskClient = door.client(door.token("admin"))
    packing = put("p1", -500, BOX, ONE)
    assert client.post("/api/v1/movements", json=packing).status_code == 201
    assert client.post("/api/v1/movements", json=packing).get_json()["repeated"] == 1
    assert client.post("/api/v1/movements", json={**packing, "packs": [TWO]}).status_code == 409
    other = moved("p1", -500, "commissioning", 2, to="CDC-1")
    assert client.post("/api/v1/movements", json=other).status_code == 409
    for wrong, field in (
        ({"packs": []}, "packs"),
        ({"lot": LOT}, "lot"),
        ({"doses": 1}, "doses"),
        ({"to": "FRIDGE"}, "to"),
        ({"from": "NOWHERE"}, "from"),
        ({"parent": f"(01){LOT['gtin']}"}, "parent"),
        ({"parent": " "}, "parent"),
    ):
        answer = client.post("/api/v1/movements", json={**packing, "id": "p2", **wrong})
        assert answer.status_code == 422, wrong
        assert field in str(answer.get_json()["errors"])
    for missing in ("parent", "from"):
        short = {name: value for name, value in packing.items() if name != missing}
        assert client.post("/api/v1/movements", json={**short, "id": "p3"}).status_code == 422
    for missing in ("lot", "doses"):
        short = {name: value for name, value in other.items() if name != missing}
        answer = client.post("/api/v1/movements", json={**short, "id": "m9"})
        assert answer.status_code == 422
    stranger = client.post("/api/v1/movements", json={**other, "id": "m9", "parent": BOX})
    assert stranger.status_code == 422


def test_another_site_may_not_report_what_was_packed_elsewhere(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    load_registry(database, REGISTRY)
    packing = MovementSchema().load(put("p1", 1, BOX, ONE))
    with database.begin() as session:
        [receipt] = record_movements(session, [MovementMessage("CLINIC", [packing])], NOW)
    database.close()
    assert [one.reason for one in receipt.refusals] == ["not_the_reporter"]
