"""Ways that are easily lost: two shipments in one receipt, years of moving, one moment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from schemas.movement import MovementSchema
from tests.integration.capture.test_movement import LOT
from tests.integration.country import NOW, REGISTRY, load_registry
from tests.integration.trace.test_trace import COUNTRY, at, give, measure
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.db import Database, open_database
from traceapp.models.lot import Lot
from traceapp.models.unit import Unit
from traceapp.trace.backward import trace_dose
from traceapp.trace.excursion import Wanted, list_excursions
from traceapp.trace.history import History
from traceapp.trace.impact import trace_impact
from traceapp.trace.upstream import load_upstream


def move(database: Database, *facts: tuple[str, float, str, int, dict[str, Any]]) -> None:
    """Report movements, each `(id, hour, step, doses, places)`, in the order given."""
    documents = [
        {"id": name, "at": at(hour).isoformat(), "step": step, "lot": LOT, "doses": doses, **more}
        for name, hour, step, doses, more in facts
    ]
    movements = [MovementSchema().load(document) for document in documents]
    with database.begin() as session:
        [receipt] = record_movements(session, [MovementMessage(None, movements)], NOW)
    assert receipt.stored == len(facts), receipt.refusals


def path_of(database: Database, dose: str) -> list[dict[str, Any]]:
    with database.read() as session:
        trace = trace_dose(session, COUNTRY, dose)
    assert trace is not None
    path: list[dict[str, Any]] = trace["path"]
    return path


def test_a_receipt_that_answers_two_shipments_leads_back_along_both(database: Database) -> None:
    sent = {"from": "CDC-1", "to": "CLINIC"}
    move(
        database,
        ("c1", 0, "commissioning", 10, {"to": "CDC-1"}),
        ("s1", 1, "shipping", 3, sent),
        ("s2", 1.5, "shipping", 3, {**sent, "carrier": "TRUCK"}),
        ("r1", 2, "receiving", 6, {"from": "CDC", "to": "FRIDGE"}),
    )
    give(database, "d1", 3)
    ways = {(one["unit"], one["from"]) for one in path_of(database, "d1")}
    assert {("TRUCK", at(1.5)), (None, at(1))} <= ways
    measure(database, "T1", 1.5, *[12.0] * 12)
    with database.read() as session:
        [one] = list_excursions(session, COUNTRY, Wanted(unit="TRUCK"), 1)["items"]
        impact = trace_impact(session, COUNTRY, int(one["id"]), NOW)
    assert impact is not None
    assert [dose["id"] for dose in impact["doses"]] == ["d1"]


def test_a_lot_that_was_moved_a_thousand_times_is_traced(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    load_registry(database, REGISTRY)
    units = ("FRIDGE", "FRIDGE-2")
    steps: list[tuple[str, float, str, int, dict[str, Any]]] = [
        (
            f"s{number}",
            number / 10,
            "storing",
            5,
            {"from": units[number % 2 - 1], "to": units[number % 2]},
        )
        for number in range(1, 1_050)
    ]
    move(database, ("c1", 0, "commissioning", 5, {"to": "FRIDGE"}), *steps)
    with database.read() as session:
        [unit] = session.scalars(select(Unit.id).where(Unit.code == "FRIDGE-2"))
        [lot] = session.scalars(select(Lot.id))
        upstream = load_upstream(session, lot, at(121), unit_id=unit)
        path = History(session, lot, upstream).before([unit], at(121))
    database.close()
    assert len(path) == 1_050
    assert {one.certainty for one in path} == {"certain"}


def test_what_was_stored_at_the_moment_of_a_dose_counts_though_reported_later(
    database: Database,
) -> None:
    move(
        database,
        ("c1", 0, "commissioning", 1, {"to": "FRIDGE"}),
        ("c2", 0, "commissioning", 1, {"to": "FRIDGE-2"}),
    )
    measure(database, "S1", 0.5, 12.0, 12.0, 12.0, 5.0)
    give(database, "d1", 4, unit="FRIDGE-2")
    move(database, ("s1", 4, "storing", 1, {"from": "FRIDGE", "to": "FRIDGE-2"}))
    with database.read() as session:
        [one, *_] = list_excursions(session, COUNTRY, Wanted(unit="FRIDGE"))["items"]
        impact = trace_impact(session, COUNTRY, int(one["id"]), NOW)
    assert impact is not None
    assert [(dose["id"], dose["certainty"]) for dose in impact["doses"]] == [("d1", "possible")]


def test_the_way_of_a_pack_that_was_named_overrides_the_stock_around_it(database: Database) -> None:
    there = {"to": "FRIDGE"}
    move(
        database,
        ("c1", 0, "commissioning", 5, {**there, "packs": ["81000000000000000001"]}),
        ("c2", 3, "commissioning", 5, {**there, "packs": ["81000000000000000002"]}),
        ("c3", 3, "commissioning", 5, {"to": "CDC-1", "packs": ["81000000000000000003"]}),
    )
    measure(database, "S1", 0.5, 12.0, 12.0, 12.0, 5.0)
    for number in (1, 2, 3):
        give(database, f"d{number}", 4, pack=f"8100000000000000000{number}")
    give(database, "d4", 4)
    with database.read() as session:
        [one, *_] = list_excursions(session, COUNTRY, Wanted(unit="FRIDGE"))["items"]
        impact = trace_impact(session, COUNTRY, int(one["id"]), NOW)
    assert impact is not None
    assert {dose["id"]: dose["certainty"] for dose in impact["doses"]} == {
        "d1": "certain",
        "d3": "possible",
        "d4": "possible",
    }
    for dose in ("d1", "d2"):
        is_exposed = any(stretch["from"] == at(0) for stretch in path_of(database, dose))
        assert is_exposed == (dose == "d1")
