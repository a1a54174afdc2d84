"""An episode's impact says what came late and made another answer of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from schemas.reading import Reading
from tests.integration.capture.test_movement import LOT, STORY, report
from tests.integration.country import NOW
from tests.integration.trace.test_trace import COUNTRY, VAULT, at, give, measure
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.trace.excursion import Wanted, list_excursions
from traceapp.trace.impact import trace_impact

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def warm(database: Database) -> Database:
    """A refrigerator that was too warm from the sixth to the seventh hour, all told in time."""
    for document in STORY:
        report(database, document)
    measure(database, "S1", 4, *[5.0] * 12, *[12.0] * 6, *[5.0] * 12)
    give(database, "d1", 8)
    return database


def impact_of(database: Database, now: datetime = LATER) -> dict[str, Any]:
    with database.read() as session:
        [hot] = (
            one
            for one in list_excursions(session, COUNTRY, Wanted(unit="FRIDGE"))["items"]
            if one["rule"] == "hot"
        )
        impact = trace_impact(session, COUNTRY, int(hot["id"]), now)
    assert impact is not None
    return impact


def move_late(database: Database, name: str, hour: float, **more: Any) -> None:
    document = {"id": name, "at": at(hour).isoformat(), "lot": LOT, **more}
    with database.begin() as session:
        message = MovementMessage(None, [MovementSchema().load(document)])
        [receipt] = record_movements(session, [message], LATER)
    assert receipt.stored == 1


def test_nothing_changed_where_all_was_told_before_it_was_found(warm: Database) -> None:
    impact = impact_of(warm)
    assert impact["as_of"] == LATER
    assert impact["changes"] == []


def test_a_movement_that_is_told_late_changes_the_answer_and_is_named(warm: Database) -> None:
    assert impact_of(warm)["lots"][0]["doses_present"] == 200
    move_late(warm, "late", 5, step="storing", doses=150, **{"from": "FRIDGE", "to": "FRIDGE-2"})
    impact = impact_of(warm)
    assert impact["lots"][0]["doses_present"] == 50
    [change] = impact["changes"]
    assert change == {
        "kind": "movement",
        "recorded_at": LATER,
        "at": at(5),
        "id": "late",
        "lot": LOT,
        "site": "CLINIC",
        "doses": 150,
    }


def test_so_is_one_after_which_the_lot_was_never_there(warm: Database) -> None:
    move_late(warm, "all", 5, step="storing", doses=200, **{"from": "FRIDGE", "to": "FRIDGE-2"})
    impact = impact_of(warm)
    assert impact["lots"] == []
    assert [(one["kind"], one["id"]) for one in impact["changes"]] == [("movement", "all")]


def test_doses_that_are_told_late_are_counted_by_site(warm: Database) -> None:
    for code, hour in (("d7", 7), ("d9", 9)):
        document = {
            "id": code,
            "at": at(hour).isoformat(),
            "site": "CLINIC",
            "lot": LOT,
            "recipient": {"document": code, "document_type": "passport"},
        }
        with warm.begin() as session:
            record_dose(session, DoseSchema().load(document), VAULT, LATER)
    impact = impact_of(warm)
    assert [one["id"] for one in impact["doses"]] == ["d7", "d1", "d9"]
    [change] = impact["changes"]
    assert (change["kind"], change["doses"], change["site"]) == ("doses", 2, "CLINIC")
    assert (change["at"], change["recorded_at"]) == (at(7), LATER)


def test_readings_that_come_late_and_change_the_episode_are_told(warm: Database) -> None:
    with warm.begin() as session:
        earlier = Reading(at(6) - timedelta(minutes=5), 12.0)
        record_readings(session, [ReadingMessage("S1", [earlier])], LATER)
    impact = impact_of(warm)
    assert impact["excursion"]["minutes"] == 65
    [change] = impact["changes"]
    assert (change["kind"], change["recorded_at"]) == ("episode", LATER)


def test_what_another_lot_did_elsewhere_is_no_change(warm: Database) -> None:
    other = {"gtin": LOT["gtin"], "number": "OTHER"}
    move_late(warm, "other", 5, step="commissioning", doses=9, to="FRIDGE-2", lot=other)
    assert impact_of(warm)["changes"] == []
