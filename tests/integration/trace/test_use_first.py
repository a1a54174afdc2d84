"""What to use first: by expiry, then by what was used up; what is spoilt stands apart."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.movement import MovementSchema
from schemas.registry import KINDS
from tests.integration.country import NOW
from tests.integration.trace.test_trace import COUNTRY, at, measure
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.registry import register
from traceapp.db import Database
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.scope import Scope
from traceapp.trace.use_first import use_first

GTIN = "06901234567892"


def with_product(database: Database, **more: Any) -> None:
    with database.begin() as session:
        document = {"gtin": GTIN, "name": "疫苗", **more}
        register(session, "product", KINDS["product"]().load(document), NOW)


def move(
    database: Database, number: str, *facts: tuple[str, float, str, int, dict[str, Any]]
) -> None:
    """Report movements of a lot, each `(id, hour, step, doses, places)`."""
    documents = [
        {
            "id": f"{number}-{name}",
            "at": at(hour).isoformat(),
            "step": step,
            "lot": {"gtin": GTIN, "number": number},
            "doses": doses,
            **more,
        }
        for name, hour, step, doses, more in facts
    ]
    movements = [MovementSchema().load(document) for document in documents]
    with database.begin() as session:
        [receipt] = record_movements(session, [MovementMessage(None, movements)], NOW)
    assert receipt.stored == len(facts), receipt.refusals


def made_at(
    database: Database, unit: str, number: str, expires_on: str | None, hour: float
) -> None:
    day = {"expires_on": expires_on} if expires_on else {}
    move(database, number, ("made", hour, "commissioning", 10, {"to": unit, **day}))


def stock(database: Database, hour: float, scope: Scope = COUNTRY) -> dict[str, Any]:
    with database.read() as session:
        found = use_first(session, scope, "CLINIC", at(hour))
    assert found is not None
    return found


def numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [row["lot"]["number"] for row in rows]


def codes(row: dict[str, Any]) -> list[str]:
    return [one["code"] for one in row["findings"]]


def test_the_first_to_expire_comes_first_and_an_unknown_day_last(database: Database) -> None:
    made_at(database, "FRIDGE", "LATE", "2022-06-01", 0)
    made_at(database, "FRIDGE-2", "NO-DAY", None, 0)
    made_at(database, "FRIDGE", "SOON", "2021-08-01", 0)
    made_at(database, "FRIDGE", "OVER", "2021-05-01", 0)
    found = stock(database, 1)
    assert numbers(found["use_first"]) == ["SOON", "LATE", "NO-DAY"]
    assert [(row["unit"], row["doses"]) for row in found["use_first"]] == [
        ("FRIDGE", 10),
        ("FRIDGE", 10),
        ("FRIDGE-2", 10),
    ]
    assert numbers(found["do_not_use"]) == ["OVER"]
    assert "lot_expired" in codes(found["do_not_use"][0])


def test_of_one_day_what_used_up_more_of_its_budget_comes_first(database: Database) -> None:
    with_product(database, budget={"above_8_minutes": 120})
    made_at(database, "FRIDGE", "A-FRESH", "2022-06-01", 2)
    made_at(database, "FRIDGE", "B-WARM", "2022-06-01", 0)
    measure(database, "S1", 0, *[12.0] * 6, *[5.0] * 12)
    found = stock(database, 3)
    assert numbers(found["use_first"]) == ["B-WARM", "A-FRESH"]
    warm, fresh = (row["certain"] for row in found["use_first"])
    assert warm["budget"] == [{"above_celsius": 8.0, "minutes": 60.0, "allowed_minutes": 120.0}]
    assert (warm["budget_used"], fresh["budget_used"]) == (0.5, 0.0)
    assert [row["possible"] for row in found["use_first"]] == [None, None]


def test_the_life_of_a_monitor_counts_where_there_is_no_budget(database: Database) -> None:
    with_product(database, vvm="VVM2")
    made_at(database, "FRIDGE", "A-FRESH", "2022-06-01", 2)
    made_at(database, "FRIDGE", "B-WARM", "2022-06-01", 0)
    measure(database, "S1", 0, *[25.0] * 6, *[5.0] * 12)
    found = stock(database, 3)
    assert numbers(found["use_first"]) == ["B-WARM", "A-FRESH"]
    warm, fresh = (row["certain"]["vvm_life_used"] for row in found["use_first"])
    assert 0 < fresh < warm < 1


def test_a_day_earlier_beats_a_warmer_life(database: Database) -> None:
    with_product(database, budget={"above_8_minutes": 120})
    made_at(database, "FRIDGE", "WARM", "2022-06-02", 0)
    made_at(database, "FRIDGE", "SOON", "2022-06-01", 2)
    measure(database, "S1", 0, *[12.0] * 6, *[5.0] * 12)
    assert numbers(stock(database, 3)["use_first"]) == ["SOON", "WARM"]


def test_what_froze_or_used_up_its_budget_or_its_monitor_is_not_to_be_used(
    database: Database,
) -> None:
    with_product(database, budget={"above_8_minutes": 30})
    made_at(database, "FRIDGE", "WARM", "2022-06-01", 0)
    measure(database, "S1", 0, *[12.0] * 6, *[5.0] * 12)
    assert codes(stock(database, 3)["do_not_use"][0]) == ["budget_exceeded"]
    made_at(database, "CDC-1", "COLD", "2022-06-01", 0)
    measure(database, "C1", 0, *[-2.0] * 3, *[5.0] * 9)
    moved = {"from": "CDC-1", "to": "CLINIC", "carrier": "TRUCK"}
    move(database, "COLD", ("sent", 1, "shipping", 10, moved),
         ("came", 2, "receiving", 10, {"from": "CDC", "to": "FRIDGE-2"}))  # fmt: skip
    found = stock(database, 3)
    assert found["use_first"] == []
    assert {row["lot"]["number"]: "frozen" in codes(row) for row in found["do_not_use"]} == {
        "COLD": True,
        "WARM": False,
    }
    with_product(database, vvm="VVM2")
    measure(database, "S1", 3, *[60.0] * 24)
    [warm] = (row for row in stock(database, 7)["do_not_use"] if row["lot"]["number"] == "WARM")
    assert codes(warm) == ["vvm_used_up"]


def two_ways(database: Database) -> None:
    """Two halves of a lot come to one refrigerator, the second after a warm day and journey."""
    with_product(database, budget={"above_8_minutes": 1000})
    made_at(database, "CDC-1", "L", "2022-06-01", 0)
    way = {"from": "CDC-1", "to": "CLINIC", "carrier": "TRUCK"}
    move(
        database,
        "L",
        ("s1", 1, "shipping", 5, way),
        ("r1", 2, "receiving", 5, {"from": "CDC", "to": "FRIDGE"}),
        ("s2", 4, "shipping", 5, way),
        ("r2", 5, "receiving", 5, {"from": "CDC", "to": "FRIDGE"}),
    )
    measure(database, "C1", 0, *[5.0] * 12, *[12.0] * 12, 5.0)
    measure(database, "T1", 1, *[5.0] * 36, *[12.0] * 12, *[5.0] * 2)
    measure(database, "S1", 2, *[5.0] * 25)


def test_where_two_ways_lead_there_the_worst_of_them_stands_apart(database: Database) -> None:
    two_ways(database)
    [row] = stock(database, 6)["use_first"]
    assert row["doses"] == 10
    assert row["certain"]["budget_used"] is None  # Nothing was observed that is certain.
    # Two hours in the warm room and one on the warm truck: both on one way, and added up.
    assert row["possible"]["budget"][0]["minutes"] == 180
    assert row["possible"]["unknown_minutes"] == 0


def test_the_check_stops_for_what_one_possible_way_adds_up_to(database: Database) -> None:
    two_ways(database)
    with_product(database, budget={"above_8_minutes": 150})
    assert numbers(stock(database, 6)["do_not_use"]) == ["L"]
    with database.read() as session:
        answer = check_dose(session, Intended("CLINIC", None, GTIN, "L"), at(6))
    assert (answer["verdict"], [one["code"] for one in answer["findings"]]) == (
        "stop",
        ["budget_exceeded"],
    )


def test_what_left_is_not_listed_and_another_site_is_not_seen(database: Database) -> None:
    made_at(database, "FRIDGE", "GONE", "2022-06-01", 0)
    move(database, "GONE", ("gone", 1, "wasting", 10, {"from": "FRIDGE", "reason": "broken"}))
    made_at(database, "CDC-1", "ELSEWHERE", "2022-06-01", 0)
    found = stock(database, 2, Scope("451481", "CLINIC"))
    assert (found["use_first"], found["do_not_use"]) == ([], [])
    with database.read() as session:
        assert use_first(session, Scope("110000"), "CLINIC", NOW) is None
        assert use_first(session, Scope("451481", "CDC"), "CLINIC", NOW) is None
        assert use_first(session, COUNTRY, "NONE", NOW - timedelta(days=1)) is None
