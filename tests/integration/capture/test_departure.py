"""Shipments that named no packs: what they explain is found again when they are withdrawn."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from tests.integration.capture.test_correction import OTHER_LOT
from tests.integration.capture.test_dose_together import VAULT
from tests.integration.capture.test_movement import LOT, report
from tests.integration.capture.test_together import at_once
from tests.integration.country import NOW
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding

PACKS = [f"8123456789012345678{number}" for number in range(3)]


def moment(hour: int) -> str:
    return f"2021-05-04T{hour:02}:00:00Z"


MADE = {"id": "m1", "at": moment(0), "step": "commissioning", "doses": 9, "to": "CDC-1"}
MADE |= {"packs": PACKS}
SENT = {"id": "m2", "at": moment(2), "step": "shipping", "doses": 3, "from": "CDC-1"}
SENT |= {"to": "CLINIC"}
WITHDRAWN = {"id": "m3", "corrects": "m2", "corrected_at": moment(9), "void": True}
WITHDRAWN |= {"doses": 0, "reason": "another lot"}


def move(database: Database, *facts: dict[str, Any]) -> None:
    for fact in facts:
        assert report(database, fact, "CDC").stored == 1


def give(database: Database, hour: int, *packs: str, **more: Any) -> None:
    for pack in packs:
        said = {"id": f"d{hour}-{pack}", "at": moment(hour), "site": "CLINIC", "pack": pack}
        person = {"document": f"P{hour}{pack}", "document_type": "passport"}
        dose = DoseSchema().load({**said, "recipient": person, "lot": LOT, **more})
        with database.begin() as session:
            record_dose(session, dose, VAULT, NOW)


def kept(database: Database) -> list[tuple[Any, ...]]:
    """Everything that is kept of packs in two places, without row ids."""
    found = PackFinding
    with database.read() as session:
        query = select(
            *(found.pack_key, found.site_id, found.at, found.dose_id, found.movement_id),
            *(found.left_site_id, found.left_at, found.left_lot_id, found.is_explained),
        ).where(found.code == "pack_in_two_places")
        return sorted((tuple(row) for row in session.execute(query)), key=repr)


def unexplained(database: Database) -> list[datetime]:
    return [row[2] for row in kept(database) if not row[-1]]


def assert_a_rebuild_from_nothing_agrees(database: Database) -> None:
    before = kept(database)
    with database.begin() as session:
        lots = session.scalars(select(Lot.id)).all()
        assert {rebuild(session, lot) for lot in lots} == {0}
        session.execute(delete(PackFinding))
        for lot in lots:
            rebuild(session, lot)
    assert kept(database) == before


def test_packs_that_only_a_shipment_explained_are_found_when_it_is_withdrawn(
    database: Database,
) -> None:
    move(database, MADE, SENT)
    give(database, 4, *PACKS)
    assert unexplained(database) == []
    move(database, {**SENT, **WITHDRAWN})
    assert len(unexplained(database)) == 3
    again = {"id": "m4", "corrects": "m2", "corrected_at": moment(10)}
    move(database, {**SENT, **again})
    assert unexplained(database) == []
    assert_a_rebuild_from_nothing_agrees(database)


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({"doses": 5}, 0),
        ({"at": moment(3)}, 0),
        ({"at": moment(5)}, 1),
        ({"lot": OTHER_LOT}, 3),
        ({"packs": PACKS[:1]}, 2),
        ({"step": "returning"}, 0),
        ({"step": "wasting", "reason": "broken"}, 3),
    ],
)
def test_what_a_corrected_shipment_explains_is_what_it_says_now(
    database: Database, change: dict[str, Any], count: int
) -> None:
    move(database, MADE, SENT)
    give(database, 4, PACKS[0])
    give(database, 6, *PACKS[1:])
    right = {**SENT, "id": "m3", "corrects": "m2", "corrected_at": moment(9), **change}
    if right["step"] == "wasting":
        del right["to"]
    move(database, right)
    assert len(unexplained(database)) == count
    assert_a_rebuild_from_nothing_agrees(database)


def test_another_shipment_in_time_still_explains_what_one_that_went_did(
    database: Database,
) -> None:
    move(database, MADE, SENT, {**SENT, "id": "s2", "at": moment(5)})
    give(database, 4, PACKS[0])
    give(database, 6, PACKS[1])
    move(database, {**SENT, **WITHDRAWN})
    assert len(unexplained(database)) == 1
    assert_a_rebuild_from_nothing_agrees(database)


def test_a_pack_of_a_case_is_found_too(database: Database) -> None:
    label = "00" + "3" * 17 + "9"
    case = {**MADE, "packs": [label]}
    packed: dict[str, Any] = {"id": "p1", "at": moment(0), "step": "packing", "from": "CDC-1"}
    packed |= {"parent": label, "packs": PACKS}
    move(database, case)
    with database.begin() as session:
        message = MovementMessage("CDC", [MovementSchema().load(packed)])
        assert record_movements(session, [message], NOW)[0].stored == 1
    move(database, SENT)
    give(database, 4, PACKS[0])
    move(database, {**SENT, **WITHDRAWN})
    assert len(unexplained(database)) == 1
    assert_a_rebuild_from_nothing_agrees(database)


_FACTS: list[Any] = [MADE, SENT, {**SENT, **WITHDRAWN}, {**SENT, "id": "s2", "at": moment(5)}]


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
def test_in_whatever_order_they_come_the_findings_are_those_of_a_rebuild(
    database: Database, order: tuple[int, ...]
) -> None:
    for index in order:
        if index == 4:
            give(database, 4, PACKS[0])
            give(database, 6, PACKS[1])
        else:
            move(database, _FACTS[index])
    assert len(unexplained(database)) == 1
    assert_a_rebuild_from_nothing_agrees(database)


def test_a_shipment_withdrawn_while_its_packs_are_given_leaves_them_found(
    database: Database,
) -> None:
    packs = [f"8{number:019}" for number in range(12)]
    move(database, {**MADE, "packs": packs}, SENT)
    at_once(
        *(lambda part=packs[n::3]: give(database, 4, *part) for n in range(3)),
        lambda: move(database, {**SENT, **WITHDRAWN}),
    )
    assert len(unexplained(database)) == 12
    assert_a_rebuild_from_nothing_agrees(database)


def test_rebuilding_settles_corrections_anew(database: Database) -> None:
    move(database, MADE, SENT, {**SENT, **WITHDRAWN})
    give(database, 4, PACKS[0])
    right = {"corrects": f"d4-{PACKS[0]}", "corrected_at": moment(9)}
    give(database, 5, PACKS[1], **right)
    before = kept(database), forced(database)
    with database.begin() as session:
        for model in _MODELS:
            session.execute(update(model).values(is_in_force=True))
        [lot] = session.scalars(select(Lot.id))
        assert rebuild(session, lot) == 3
        assert rebuild(session, lot) == 0
    assert (kept(database), forced(database)) == before


_MODELS: tuple[type[Movement] | type[Dose], ...] = (Movement, Dose)


def forced(database: Database) -> set[str]:
    with database.read() as session:
        return {
            code
            for model in _MODELS
            for code in session.scalars(select(model.code).where(model.is_in_force))
        }
