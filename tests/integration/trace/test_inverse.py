"""Where forwards and backwards easily part: doses that name no unit, shared moments, late parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from tests.integration.trace.inverse import (
    assert_ways_are_inverse,
    assert_ways_are_reported,
    traces_of,
)
from tests.integration.trace.test_trace import at, give
from tests.integration.trace.test_ways import move, path_of
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.unit import Unit
from traceapp.trace.impact import lots_present
from traceapp.trace.spread import follow_lots

PACK = "81000000000000000001"
_SENT: dict[str, Any] = {"from": "CDC-1", "to": "CLINIC", "carrier": "TRUCK"}
_CAME: dict[str, Any] = {"from": "CDC", "to": "FRIDGE"}


def touched(database: Database, unit: str, began: float, ended: float) -> dict[str, str]:
    """Which doses an episode in a unit touched, and how surely; checks all ways on the way."""
    with database.read() as session:
        lots: Sequence[Lot] = session.scalars(select(Lot)).all()
        traces = traces_of(session, "")
        assert assert_ways_are_inverse(session, lots, traces) > 0
        assert_ways_are_reported(session, lots, traces)
        unit_id = session.scalars(select(Unit.id).where(Unit.code == unit)).one()
        episode = Excursion(unit_id=unit_id, started_at=at(began), ended_at=at(ended))
        present = lots_present(session, episode)
        return {
            spread.doses[one.key].code: one.certainty
            for spread in follow_lots(session, present, episode).values()
            for one in spread.touched.doses
        }


def test_a_dose_that_names_no_unit_may_be_of_any_that_held_the_lot(database: Database) -> None:
    move(
        database,
        ("c1", 0, "commissioning", 5, {"to": "FRIDGE"}),
        ("c2", 1, "commissioning", 5, {"to": "FRIDGE-2"}),
    )
    give(database, "named", 4, unit="FRIDGE")
    give(database, "unnamed", 5, unit=None)
    assert {one["unit"] for one in path_of(database, "unnamed")} == {"FRIDGE", "FRIDGE-2"}
    assert touched(database, "FRIDGE-2", 2, 3) == {"unnamed": "possible"}
    assert touched(database, "FRIDGE", 2, 3) == {"named": "certain", "unnamed": "possible"}


def test_it_is_certain_where_all_that_lay_there_had_been_exposed(database: Database) -> None:
    move(
        database,
        ("c1", 0, "commissioning", 8, {"to": "FRIDGE"}),
        ("s1", 3, "storing", 4, {"from": "FRIDGE", "to": "FRIDGE-2"}),
    )
    give(database, "unnamed", 5, unit=None)
    assert touched(database, "FRIDGE", 1, 2) == {"unnamed": "certain"}
    assert touched(database, "FRIDGE", 3.5, 4) == {"unnamed": "possible"}


def test_a_dose_beyond_the_last_one_of_its_moment_is_possible_both_ways(
    database: Database,
) -> None:
    move(database, ("c1", 0, "commissioning", 1, {"to": "FRIDGE"}))
    for code in ("a", "b", "c"):
        give(database, code, 3 if code != "c" else 4, unit="FRIDGE")
    assert [one["certainty"] for one in path_of(database, "a")] == ["certain"]
    assert [one["certainty"] for one in path_of(database, "b")] == ["possible"]
    assert path_of(database, "c") == []
    assert touched(database, "FRIDGE", 1, 2) == {"a": "certain", "b": "possible"}


def test_of_things_at_one_moment_the_order_of_the_books_decides(database: Database) -> None:
    move(
        database,
        ("c1", 0, "commissioning", 1, {"to": "FRIDGE"}),
        ("c2", 0, "commissioning", 1, {"to": "FRIDGE-2"}),
        ("s1", 3, "storing", 1, {"from": "FRIDGE-2", "to": "FRIDGE"}),
        ("s2", 3, "storing", 2, {"from": "FRIDGE", "to": "FRIDGE-2"}),
        ("n1", 3, "counting", 2, {"from": "FRIDGE"}),
    )
    give(database, "d1", 3, unit="FRIDGE-2")
    give(database, "d2", 3, unit="FRIDGE")
    assert touched(database, "FRIDGE", 1, 2) == {"d1": "possible", "d2": "possible"}


def test_a_part_that_was_received_late_had_been_on_its_way_until_then(database: Database) -> None:
    move(
        database,
        ("c1", 0, "commissioning", 9, {"to": "CDC-1"}),
        ("s1", 1, "shipping", 6, _SENT),
        ("r1", 2, "receiving", 3, _CAME),
        ("r2", 5, "receiving", 3, {**_CAME, "to": "FRIDGE-2"}),
    )
    give(database, "early", 6, unit="FRIDGE")
    give(database, "late", 6, unit="FRIDGE-2")
    assert touched(database, "TRUCK", 3, 4) == {"late": "certain"}


def test_a_pack_goes_its_own_way_in_both_directions(database: Database) -> None:
    move(
        database,
        ("c1", 0, "commissioning", 5, {"to": "FRIDGE"}),
        ("c2", 0, "commissioning", 5, {"to": "FRIDGE-2", "packs": [PACK]}),
        ("s1", 3, "storing", 2, {"from": "FRIDGE-2", "to": "FRIDGE", "packs": [PACK]}),
        ("s2", 3.2, "storing", 2, {"from": "FRIDGE", "to": "FRIDGE-2"}),
        ("s3", 3.5, "storing", 1, {"from": "FRIDGE-2", "to": "FRIDGE", "packs": [PACK]}),
    )
    give(database, "d1", 4, unit=None, pack=PACK)
    give(database, "d2", 4, unit="FRIDGE")
    assert touched(database, "FRIDGE-2", 1, 2) == {"d1": "possible", "d2": "possible"}
    assert touched(database, "FRIDGE", 1, 2) == {"d2": "possible"}
