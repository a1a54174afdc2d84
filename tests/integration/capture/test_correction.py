"""Corrections of movements: the newest in force is booked, whatever came first."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from tests.integration.capture.test_movement import LOT, STORY, derived, report
from tests.integration.country import NOW
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.rebuilding import rebuild
from traceapp.capture.receipt import Receipt
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting
from traceapp.vault import Vault

OTHER_LOT = {"gtin": "06901234567892", "number": "202105C0148"}


def correct(database: Database, document: dict[str, Any], site: str | None, within: Any) -> Receipt:
    movement = MovementSchema().load({"lot": LOT, **document})
    message = MovementMessage(site, [movement], within)
    with database.begin() as session:
        return record_movements(session, [message], NOW)[0]


def correcting(document: dict[str, Any], code: str, hour: int = 1, **more: Any) -> dict[str, Any]:
    """Return a movement that corrects another."""
    at = f"2021-05-05T{hour:02}:00:00Z"
    said = {"id": code, "corrects": document["id"], "corrected_at": at}
    return {**document, **said, **more}


def on_hand(database: Database, number: str = LOT["number"]) -> int:
    """Return what the ledger says lies anywhere of a lot."""
    with database.read() as session:
        rows = session.execute(
            select(Posting.doses, Posting.debit, Posting.credit)
            .join(Lot, Lot.id == Posting.lot_id)
            .where(Lot.number == number)
        )
        return sum(
            doses * ((debit == "unit") - (credit == "unit")) for doses, debit, credit in rows
        )


def in_force(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(Movement.code).where(Movement.is_in_force)))


_RIGHT = correcting(STORY[0], "c1", 1, doses=900)
_AGAIN = correcting(_RIGHT, "c2", 2, doses=800)
_BESIDE = correcting(STORY[0], "c3", 3, doses=700)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_corrections_the_newest_is_booked_whatever_came_first(
    database: Database, order: tuple[int, ...]
) -> None:
    facts = [STORY[0], _RIGHT, _AGAIN]
    for index in order:
        assert report(database, facts[index], "MAKER").stored == 1
    assert in_force(database) == ["c2"]
    assert on_hand(database) == 800


def test_a_later_correction_of_the_first_stands_for_all(database: Database) -> None:
    for fact in (_AGAIN, _BESIDE, STORY[0], _RIGHT):
        report(database, fact, "MAKER")
    assert in_force(database) == ["c3"]
    assert on_hand(database) == 700
    with database.read() as session:
        assert len(session.scalars(select(Movement)).all()) == 4


def test_a_finding_goes_with_the_mistake_and_the_way_is_made_again(database: Database) -> None:
    for fact in STORY[:4]:
        report(database, fact)
    report(database, STORY[4] | {"doses": 250})
    assert [row[0] for row in derived(database)[2]] == ["received_more"]
    report(database, correcting(STORY[4], "c5", doses=200), "CLINIC")
    assert derived(database)[2] == []


def test_a_withdrawn_movement_leaves_nothing_and_its_lot_is_unknown_again(
    database: Database,
) -> None:
    report(database, STORY[0])
    gone = correcting(STORY[0], "v1", void=True, doses=0, reason="entered twice")
    assert report(database, gone, "MAKER").stored == 1
    assert in_force(database) == []
    assert on_hand(database) == 0
    with database.read() as session:
        assert session.scalars(select(Lot.expires_on)).one() is None


def test_a_correction_may_move_doses_to_another_lot(database: Database) -> None:
    report(database, STORY[0])
    report(database, correcting(STORY[0], "c1", lot=OTHER_LOT), "MAKER")
    assert (on_hand(database), on_hand(database, OTHER_LOT["number"])) == (0, 1000)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_what_a_lot_says_of_itself_can_be_corrected(database: Database, order: list[int]) -> None:
    facts = [STORY[0], correcting(STORY[0], "c1", expires_on="2022-04-19")]
    for index in order:
        report(database, facts[index], "MAKER")
    with database.read() as session:
        assert str(session.scalars(select(Lot.expires_on)).one()) == "2022-04-19"


def test_nobody_corrects_what_another_site_reported(database: Database) -> None:
    report(database, STORY[0])
    theirs = correcting(STORY[0], "c1", to="CDC-1")
    receipt = report(database, theirs, "CDC")
    assert [one.reason for one in receipt.refusals] == ["not_the_reporter"]
    assert receipt.refusals[0].field.endswith("corrects")
    assert in_force(database) == ["m1"]


def test_another_sites_correction_that_came_first_changes_nothing_once_the_fact_is_there(
    database: Database,
) -> None:
    report(database, correcting(STORY[0], "c1", to="CDC-1"), "CDC")
    report(database, STORY[0])
    assert in_force(database) == ["m1"]
    assert on_hand(database) == 1000


def test_an_officer_corrects_for_the_sites_below(database: Database) -> None:
    report(database, STORY[4])
    theirs = correcting(STORY[4], "c1", to="CDC-1") | {"from": "MAKER"}
    assert correct(database, theirs, None, "11").refused == 1
    assert correct(database, theirs, None, "4514").stored == 1
    assert in_force(database) == ["c1"]


def test_the_same_correction_again_is_repeated_and_other_content_is_a_conflict(
    database: Database,
) -> None:
    report(database, STORY[0])
    assert report(database, _RIGHT, "MAKER").stored == 1
    assert report(database, _RIGHT, "MAKER").repeated == 1
    assert report(database, _RIGHT | {"doses": 1}, "MAKER").refusals[0].reason == "conflict"
    assert on_hand(database) == 900


def test_what_was_packed_is_not_corrected_but_unpacked(database: Database) -> None:
    packing = {"id": "p1", "at": STORY[0]["at"], "step": "packing", "from": "MAKER-1"}
    document = {**packing, "parent": "CASE", "packs": ["81234567890123456789"]}
    with database.begin() as session:
        message = MovementMessage("MAKER", [MovementSchema().load(document)])
        assert record_movements(session, [message], NOW)[0].stored == 1
    receipt = report(database, correcting(STORY[0] | {"id": "p1"}, "c1"), "MAKER")
    assert receipt.refusals[0].field == "[0].corrects"


PACK = "81234567890123456780"


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1]])
def test_a_dose_known_by_its_pack_alone_goes_with_the_corrected_lot_of_the_pack(
    database: Database, order: list[int]
) -> None:
    came = {**STORY[4], "packs": [PACK]}
    person = {"document": "P1", "document_type": "passport"}
    dose = {"id": "d1", "at": "2021-05-05T00:00:00Z", "site": "CLINIC", "pack": PACK}
    facts = [came, correcting(came, "c1", lot=OTHER_LOT), dose | {"recipient": person}]
    for index in order:
        if index < 2:
            report(database, facts[index], "CLINIC")
        else:
            with database.begin() as session:
                record_dose(session, DoseSchema().load(facts[index]), Vault("x" * 32), NOW)
    with database.begin() as session:
        numbers = session.scalars(select(Lot.number).join(Dose, Dose.lot_id == Lot.id)).all()
        assert numbers == [OTHER_LOT["number"]]
        assert {rebuild(session, lot) for lot in session.scalars(select(Lot.id)).all()} == {0}
    assert on_hand(database, OTHER_LOT["number"]) == 199
