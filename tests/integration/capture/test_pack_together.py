"""Packs named at the same moment by several writers: no dose misses its lot."""

from __future__ import annotations

import random
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from tests.integration.capture.test_adoption import (
    DOSES,
    PACKED,
    PACKS,
    books,
    given,
    lots_of_doses,
    made,
    rebuild_lots,
)
from tests.integration.capture.test_correction import OTHER_LOT, correcting
from tests.integration.capture.test_correction_together import say, tell, wait_until_it_waits
from tests.integration.capture.test_dose_together import record
from tests.integration.capture.test_movement import LOT
from tests.integration.capture.test_together import at_once
from tests.integration.trace.test_packing import BOX
from tests.integration.trace.test_packing import tell as tell_movements
from traceapp.db import Database

UNPARTED = f"01{LOT['gtin']}21SN10{OTHER_LOT['number']}"
_A, _B = LOT["number"], OTHER_LOT["number"]
_MADE = made("m1", LOT, PACKS[0])
#: What was there, what two say at the same moment, and which lot the dose is of then.
_CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any], str | None]] = {
    "a pack": ([], _MADE, given("d", 3, PACKS[0]), _A),
    "another name of it": ([], made("m1", LOT, "SN7"), given("d", 3, DOSES[3]["pack"]), _A),
    "a case": ([PACKED], made("m1", LOT, BOX), given("d", 3, PACKS[2]), _A),
    "packing": ([made("m1", LOT, BOX)], PACKED,
                given("d", 3, PACKS[2]), _A),
    "a label": ([made("m1", LOT)], made("m2", OTHER_LOT), given("d", 3, UNPARTED), _B),
    "a withdrawal": ([_MADE], correcting(_MADE, "c1", void=True, doses=0, packs=[], reason="no"),
                     given("d", 3, PACKS[0]), None),
    "a correction before its fact": (
        [correcting(_MADE, "c1", packs=[PACKS[0]])], {**_MADE, "packs": []},
        given("d", 3, PACKS[0]), _A),
}  # fmt: skip


@pytest.mark.parametrize("case", list(_CASES))
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_dose_and_what_tells_its_lot_at_the_same_moment_find_each_other(
    database: Database, case: str, order: tuple[int, int]
) -> None:
    before, *both, number = _CASES[case]
    for fact in before:
        say(database, fact)
    first, second = (both[place] for place in order)
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            tell(first, session)
            other = pool.submit(say, database, second)
            wait_until_it_waits(database, other)
        other.result(timeout=60)
    assert lots_of_doses(database) == {"d": number}
    kept = books(database)
    assert rebuild_lots(database, _A) == 0
    assert books(database) == kept


def test_two_movements_of_other_lots_that_name_one_pack_at_once_leave_its_dose_without_a_lot(
    database: Database,
) -> None:
    say(database, made("m0", LOT, PACKS[0]))
    say(database, correcting(made("m0", LOT, PACKS[0]), "c0", packs=[]))
    say(database, given("d", 3, PACKS[0]))
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            tell(made("m1", LOT, PACKS[0]), session)
            other = pool.submit(say, database, made("m2", OTHER_LOT, PACKS[0]))
            wait_until_it_waits(database, other)
        other.result(timeout=60)
    assert lots_of_doses(database) == {"d": None}
    assert rebuild_lots(database, _A, _B) == 0


def test_batches_that_name_the_same_new_packs_in_any_order_never_wait_in_a_circle(
    database: Database,
) -> None:
    chance = random.Random(7)
    for number in range(12):
        packs = [f"81{number:08}{pack:010}" for pack in range(8)]

        def name(writer: int, packs: list[str], number: int) -> None:
            facts = [
                made(f"m{number}-{writer}-{pack}", (LOT, OTHER_LOT)[writer % 2], pack)
                for pack in packs
            ]
            tell_movements(database, *facts)

        turned = [chance.sample(packs, len(packs)) for _ in range(4)]
        at_once(*(partial(name, writer, turned[writer], number) for writer in range(4)))
    assert rebuild_lots(database, _A, _B) == 0


def test_doses_and_movements_of_the_same_packs_in_any_order_never_wait_in_a_circle(
    database: Database,
) -> None:
    chance = random.Random(7)
    for number in range(6):
        packs = [f"81{number:08}{pack:010}" for pack in range(8)]

        def move(packs: list[str], number: int) -> None:
            facts = [made(f"m{number}-{pack}", LOT, pack) for pack in packs]
            tell_movements(database, *facts)

        def give(writer: int, packs: list[str], number: int) -> None:
            doses = [given(f"d{number}-{writer}-{pack}", 3, pack) for pack in packs]
            record(database, *doses)

        turned = [chance.sample(packs, len(packs)) for _ in range(3)]
        at_once(
            partial(move, turned[0], number),
            *(partial(give, writer, turned[writer], number) for writer in (1, 2)),
        )
    assert set(lots_of_doses(database).values()) == {_A}
    assert rebuild_lots(database, _A) == 0


@contextmanager
def locks_taken(database: Database) -> Generator[list[str], None, None]:
    """The statements that hold numbers meanwhile."""
    taken: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        taken.extend([statement] * ("pg_advisory" in statement or "SAVEPOINT" in statement))

    event.listen(database.engine, "before_cursor_execute", note)
    yield taken
    event.remove(database.engine, "before_cursor_execute", note)


def test_who_names_no_pack_or_says_the_lot_holds_no_pack(database: Database) -> None:
    say(database, _MADE)
    with locks_taken(database) as of_movement:
        say(database, made("m2", LOT))
    with locks_taken(database) as of_dose:
        say(database, given("d1", 3, PACKS[0], lot=LOT))
    with locks_taken(database) as of_pack:
        say(database, given("d2", 3, PACKS[0]))
    counts = [len(one) for one in (of_movement, of_dose, of_pack)]
    assert counts == ([0, 0, 0] if database.is_sqlite else [1, 1, 2])
