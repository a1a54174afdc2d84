"""Tracing on real databases: from a dose to its maker, from a lot to people, from heat to doses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.dose import DoseSchema
from schemas.reading import Reading
from tests.integration.capture.test_movement import LOT, STORY, report
from tests.integration.country import NOW
from traceapp.capture.dose import DoseOutcome, DoseRefused, record_dose
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.trace.backward import trace_dose
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.excursion import Wanted, excursion_document, list_excursions
from traceapp.trace.forward import list_lot_doses, trace_lot
from traceapp.trace.impact import trace_impact
from traceapp.trace.lookup import resolve
from traceapp.trace.lot import find_lot
from traceapp.trace.overview import overview
from traceapp.trace.scope import Scope
from traceapp.trace.series import unit_series
from traceapp.vault import Vault

VAULT = Vault("x" * 32)
COUNTRY = Scope()
START = datetime(2021, 5, 4, tzinfo=UTC)


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def give(database: Database, code: str, hour: float, **more: Any) -> DoseOutcome:
    document = {
        "id": code,
        "at": at(hour).isoformat(),
        "site": "CLINIC",
        "unit": "FRIDGE",
        "lot": LOT,
        "recipient": {
            "document": f"45148119900101{code:>4}",
            "document_type": "id",
            "name": "张三",
        },
    }
    said = {name: one for name, one in {**document, **more}.items() if one is not None}
    dose = DoseSchema().load(said)
    with database.begin() as session:
        return record_dose(session, dose, VAULT, NOW)


def measure(database: Database, sensor: str, start: float, *celsius: float) -> None:
    step = 1 / 12 if sensor == "T1" else 1 / 6
    readings = [Reading(at(start + step * n), value) for n, value in enumerate(celsius)]
    with database.begin() as session:
        record_readings(session, [ReadingMessage(sensor, readings)], NOW)


@pytest.fixture
def told(database: Database) -> Database:
    """The story: a warm journey of four hours, then a fridge that is warm for an hour."""
    for document in STORY:
        report(database, document)
    measure(database, "T1", 0, *[9.0] * 24, *[5.0] * 25)
    measure(database, "S1", 4, *[5.0] * 12, *[12.0] * 6, *[5.0] * 12)
    for code, hour in (("d1", 5), ("d2", 6.5), ("d3", 8)):
        give(database, code, hour)
    return database


def test_a_dose_is_traced_to_its_maker_with_its_temperature_life(told: Database) -> None:
    with told.read() as session:
        trace = trace_dose(session, COUNTRY, "d3")
    assert trace is not None
    assert trace["source"]["release"] == "R1"
    assert [(one["unit"], one["movement_in"], one["certainty"]) for one in trace["path"]] == [
        ("MAKER-1", "m1", "certain"),
        (None, "m2", "certain"),
        ("CDC-1", "m3", "certain"),
        ("TRUCK", "m4", "certain"),
        ("FRIDGE", "m5", "certain"),
    ]
    journey, fridge = trace["path"][3]["exposure"], trace["path"][4]["exposure"]
    assert (journey["minutes_above"], journey["degree_minutes_above"]) == (120, 120)
    assert (fridge["minutes_above"], fridge["max_celsius"]) == (60, 12)
    assert trace["exposure"]["minutes_above"] == 180
    assert {one["rule"] for one in trace["excursions"]} == {"warm", "hot"}
    assert [one["code"] for one in trace["findings"]] == ["exposure_unknown"]
    assert trace["dose"]["recipient"] == {"document": "4514********01D3", "name": "张*"}


def test_a_lot_is_traced_to_every_place_and_its_balance_sums_up(told: Database) -> None:
    with told.read() as session:
        trace = trace_lot(session, COUNTRY, LOT["gtin"], LOT["number"], NOW)
    assert trace is not None
    sums = trace["balance"]
    assert (sums["made"], sums["on_hand"], sums["administered"]) == (1000, 997, 3)
    rest = sum(value for name, value in sums.items() if name not in ("made", "received"))
    assert sums["made"] == rest
    assert [(one["from"], one["to"], one["doses_received"]) for one in trace["shipments"]] == [
        ("MAKER", "CDC", 600),
        ("CDC", "CLINIC", 200),
    ]
    assert [(one["unit"], one["doses"]) for one in trace["holdings"]] == [
        ("CDC-1", 400),
        ("FRIDGE", 197),
        ("MAKER-1", 400),
    ]


def test_the_blast_radius_holds_the_doses_after_the_heat_and_no_others(told: Database) -> None:
    with told.read() as session:
        (hot,) = (
            one
            for one in list_excursions(session, COUNTRY, Wanted(unit="FRIDGE"))["items"]
            if one["rule"] == "hot"
        )
        impact = trace_impact(session, COUNTRY, int(hot["id"]), NOW)
    assert impact is not None
    assert [(one["id"], one["certainty"]) for one in impact["doses"]] == [
        ("d2", "certain"),
        ("d3", "certain"),
    ]
    (lot,) = impact["lots"]
    assert (lot["doses_present"], lot["doses_on_hand_now"]) == (199, 197)
    assert lot["where_now"][0]["unit"] == "FRIDGE"
    assert (impact["recipients"], [one["code"] for one in impact["sites"]]) == (2, ["CLINIC"])


def test_the_heat_of_a_journey_reaches_the_doses_at_the_clinic(told: Database) -> None:
    with told.read() as session:
        (hot,) = (
            one
            for one in list_excursions(session, COUNTRY, Wanted(unit="TRUCK"))["items"]
            if one["rule"] == "hot"
        )
        impact = trace_impact(session, COUNTRY, int(hot["id"]), NOW)
    assert impact is not None
    assert [one["id"] for one in impact["doses"]] == ["d1", "d2", "d3"]
    assert impact["lots"][0]["doses_present"] == 200


def test_a_dose_from_one_of_two_fridges_is_possible_in_both(told: Database) -> None:
    store = {"id": "m6", "at": at(7).isoformat(), "step": "storing", "doses": 50}
    report(told, store | {"from": "FRIDGE", "to": "FRIDGE-2"}, "CLINIC")
    give(told, "d4", 9, unit="FRIDGE")
    document = {"id": "d5", "at": at(9).isoformat(), "site": "CLINIC", "lot": LOT}
    person = {"document": "A1234567", "document_type": "passport"}
    with told.begin() as session:
        dose = DoseSchema().load({**document, "recipient": person})
        record_dose(session, dose, VAULT, NOW)
    with told.read() as session:
        certain, possible = (trace_dose(session, COUNTRY, code) for code in ("d4", "d5"))
    assert certain is not None
    assert possible is not None
    assert {one["certainty"] for one in certain["path"]} == {"certain"}
    assert {one["certainty"] for one in possible["path"]} == {"possible"}
    assert {one["unit"] for one in possible["path"]} >= {"FRIDGE", "FRIDGE-2"}
    assert possible["exposure"]["observed_minutes"] == 0


def test_a_repeated_dose_changes_nothing_and_another_content_is_a_conflict(told: Database) -> None:
    assert not give(told, "d1", 5).is_new
    assert give(told, "d1", 5, dose_number=2).is_conflict
    with pytest.raises(DoseRefused):
        give(told, "d9", 5, site="NOWHERE")


def test_a_late_dose_is_put_where_it_belongs_in_time(told: Database) -> None:
    waste = {"id": "m7", "at": at(10).isoformat(), "step": "wasting", "doses": 197, "reason": "x"}
    report(told, waste | {"from": "FRIDGE"}, "CLINIC")
    give(told, "d6", 11)
    give(told, "d7", 9)
    with told.read() as session:
        after, before = (trace_dose(session, COUNTRY, code) for code in ("d6", "d7"))
        trace = trace_lot(session, COUNTRY, LOT["gtin"], LOT["number"], NOW)
    assert after is not None
    assert before is not None
    assert trace is not None
    assert "not_at_site" in [one["code"] for one in after["findings"]]
    assert "not_at_site" not in [one["code"] for one in before["findings"]]
    assert [one["code"] for one in trace["findings"]] == ["more_out_than_in", "not_at_site"]


def test_what_a_site_sent_without_having_it_is_found_in_its_own_scope_too(
    database: Database,
) -> None:
    report(database, STORY[1])
    with database.read() as session:
        traces = [
            trace_lot(session, scope, LOT["gtin"], LOT["number"], NOW)
            for scope in (COUNTRY, Scope(site="MAKER"))
        ]
    for trace in traces:
        assert trace is not None
        assert [one["code"] for one in trace["findings"]] == ["lot_unknown", "more_out_than_in"]
        assert "MAKER" in [site["code"] for site in trace["sites"]]


def test_the_check_before_an_injection_says_stop_and_why(told: Database) -> None:
    good = Intended(site="CLINIC", gtin=LOT["gtin"], lot=LOT["number"])
    unknown = Intended(site="CLINIC", gtin=LOT["gtin"], lot="OTHER")
    elsewhere = Intended(site="CDC", gtin=LOT["gtin"], lot=LOT["number"])
    with told.read() as session:
        assert check_dose(session, good, at(12))["verdict"] == "give"
        assert check_dose(session, elsewhere, at(12))["verdict"] == "give"
        expired = check_dose(session, good, datetime(2023, 4, 20, tzinfo=UTC))
        assert [one["code"] for one in expired["findings"]][:1] == ["lot_expired"]
        assert expired["verdict"] == "stop"
        stopped = check_dose(session, unknown, at(12))
        assert [one["code"] for one in stopped["findings"]] == ["lot_unknown"]
        by_pack = Intended(site="CLINIC", pack="81234567890123456789")
        assert check_dose(session, by_pack, at(12))["verdict"] == "give"


def test_a_pack_is_used_up_when_it_was_scanned_before(told: Database) -> None:
    give(told, "d8", 9, pack="81234567890123456789")
    with told.read() as session:
        again = check_dose(session, Intended(site="CLINIC", pack="81234567890123456789"), at(10))
    assert "pack_used_up" in [one["code"] for one in again["findings"]]


def test_any_code_in_hand_is_found_and_only_in_scope(told: Database) -> None:
    codes = ["d1", LOT["number"], "81234567890123456789", "m4", "45148119900101  d1", "S1"]
    codes += [f"(01){LOT['gtin']}(10){LOT['number']}"]
    with told.read() as session:
        kinds = [resolve(session, COUNTRY, code, VAULT)[0]["kind"] for code in codes]
        elsewhere = [resolve(session, Scope("330000"), code, VAULT) for code in codes]
    assert kinds == ["dose", "lot", "pack", "movement", "recipient", "unit", "lot"]
    assert elsewhere == [[]] * len(codes)


def test_another_division_sees_nothing_of_it(told: Database) -> None:
    other = Scope("330000")
    with told.read() as session:
        assert trace_dose(session, other, "d1") is None
        assert trace_lot(session, other, LOT["gtin"], LOT["number"], NOW) is None
        assert list_excursions(session, other, Wanted())["items"] == []
        assert trace_impact(session, other, 1, NOW) is None
        assert excursion_document(session, other, 1) is None
        assert overview(session, other, NOW)["units"] == []
        lot = find_lot(session, LOT["gtin"], LOT["number"])
        assert lot is not None
        assert list_lot_doses(session, other, lot)["items"] == []


def test_recipients_are_listed_in_pages_and_masked(told: Database) -> None:
    with told.read() as session:
        lot = find_lot(session, LOT["gtin"], LOT["number"])
        assert lot is not None
        first = list_lot_doses(session, COUNTRY, lot, limit=2)
        second = list_lot_doses(session, COUNTRY, lot, limit=2, cursor=first["next"])
    assert [one["id"] for one in first["items"] + second["items"]] == ["d3", "d2", "d1"]
    assert second["next"] is None
    assert {one["recipient"]["name"] for one in first["items"]} == {"张*"}


def test_a_series_keeps_its_extremes_when_it_is_thinned(told: Database) -> None:
    with told.read() as session:
        series = unit_series(session, "FRIDGE", at(0), at(24), points=8)
    assert series is not None
    assert len(series["points"]) <= 8
    assert {point["celsius"] for point in series["points"]} == {5.0, 12.0}
    assert series["limits"] == {"min_celsius": 2.0, "max_celsius": 8.0}
