"""A fact and its corrections, told by several processes at the same moment, of several lots."""

from __future__ import annotations

import random
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import permutations
from time import sleep
from typing import Any

import pytest
from sqlalchemy import select, text

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from tests.integration.capture.test_correction import OTHER_LOT, correcting
from tests.integration.capture.test_dose_together import VAULT
from tests.integration.capture.test_movement import LOT, STORY
from tests.integration.capture.test_together import at_once
from tests.integration.country import NOW
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement

MADE = {**STORY[0], "lot": LOT}
PERSON = {"document": "P1", "document_type": "passport"}
GIVEN = {"id": "d1", "at": "2021-05-05T00:00:00Z", "site": "CLINIC", "lot": LOT}
GIVEN |= {"recipient": PERSON}


def tell(document: dict[str, Any], session: Any) -> None:
    if "step" in document:
        movement = MovementSchema().load(document)
        [receipt] = record_movements(session, [MovementMessage(None, [movement])], NOW)
        assert receipt.stored == 1
    else:
        record_dose(session, DoseSchema().load(document), VAULT, NOW)


def say(database: Database, document: dict[str, Any]) -> None:
    with database.begin() as session:
        tell(document, session)


def in_force(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(
            code
            for model in (Movement, Dose)
            for code in session.scalars(select(model.code).where(model.is_in_force))
        )


def assert_books_are_whole(database: Database) -> None:
    with database.begin() as session:
        assert {rebuild(session, lot) for lot in session.scalars(select(Lot.id)).all()} == {0}


def wait_until_it_waits(database: Database, other: Future[None]) -> None:
    """Wait until the other writer is done, or waits for us as it should."""
    if database.is_sqlite:  # It waits where it begins, before it can be seen to.
        return
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(6_000):
        with database.read() as session:
            if other.done() or session.scalar(waiting):
                return
        sleep(0.01)


_CASES = [(MADE, correcting(MADE, "c1", lot=OTHER_LOT)), (GIVEN, correcting(GIVEN, "c1"))]
_CASES[1][1]["lot"] = OTHER_LOT


@pytest.mark.parametrize("case", _CASES, ids=["movement", "dose"])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_fact_and_its_correction_of_another_lot_are_never_both_in_force(
    database: Database, case: tuple[dict[str, Any], ...], order: tuple[int, int]
) -> None:
    first, second = (case[place] for place in order)
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            tell(first, session)
            other = pool.submit(say, database, second)
            wait_until_it_waits(database, other)
        other.result(timeout=60)
    assert in_force(database) == ["c1"]
    assert_books_are_whole(database)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_a_fact_and_two_corrections_told_at_once_the_newest_is_in_force(
    database: Database, order: tuple[int, ...]
) -> None:
    first = correcting(MADE, "c1", 1, lot=OTHER_LOT)
    second = correcting(first, "c2", 2, lot={**LOT, "number": "THIRD"})
    facts = [MADE, first, second]
    at_once(*(partial(say, database, facts[place]) for place in order))
    assert in_force(database) == ["c2"]
    assert_books_are_whole(database)


def test_what_waits_for_its_fact_is_settled_when_the_fact_comes_beside_what_corrects_it(
    database: Database,
) -> None:
    """A stray one waits; the fact comes while somebody corrects the stray one."""
    stray = correcting(MADE, "c1", 1, to="CDC-1", lot=OTHER_LOT)
    say(database, stray)
    at_once(
        partial(say, database, MADE),
        partial(say, database, correcting(stray, "c2", 2, doses=5)),
    )
    assert in_force(database) == ["m1"]
    assert_books_are_whole(database)


def test_many_who_correct_each_others_facts_never_wait_in_a_circle(database: Database) -> None:
    chance = random.Random(7)
    documents: list[dict[str, Any]] = []
    for number in range(12):
        lots = [LOT, OTHER_LOT] if number % 2 else [OTHER_LOT, LOT]
        fact: dict[str, Any] = {**MADE, "id": f"m{number}", "lot": lots[0]}
        chain = [fact]
        for step in range(1, 4):
            chain.append(correcting(chain[-1], f"c{number}-{step}", step, lot=lots[step % 2]))
        documents += chain
    chance.shuffle(documents)
    batches = [documents[start : start + 6] for start in range(0, len(documents), 6)]

    def write(parts: list[list[dict[str, Any]]]) -> None:
        for part in parts:
            movements = [MovementSchema().load(one) for one in part]
            with database.begin() as session:
                record_movements(session, [MovementMessage(None, movements)], NOW)

    at_once(*(partial(write, batches[writer::4]) for writer in range(4)))
    assert in_force(database) == sorted(f"c{number}-3" for number in range(12))
    assert_books_are_whole(database)
