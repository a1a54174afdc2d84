"""A rebuild beside other writers: it takes its locks in their order, and judges packs in parts."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import select, update

from tests.integration.capture.test_adoption import PACKS, books, given, made, rebuild_lots
from tests.integration.capture.test_correction import OTHER_LOT, correcting
from tests.integration.capture.test_correction_together import (
    assert_books_are_whole,
    in_force,
    say,
    tell,
    wait_until_it_waits,
)
from tests.integration.capture.test_movement import LOT
from tests.integration.trace.test_packing import BOX, PALLET
from traceapp.capture.departure import hold_departures
from traceapp.capture.pack_finding import judge_packs
from traceapp.capture.story import lock_stories
from traceapp.db import Database
from traceapp.models.lot import Lot, Pack
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding

_A, _B = LOT["number"], OTHER_LOT["number"]
_MADE = made("m1", LOT, PACKS[0])


def assert_it_waits(database: Database, other: Future[Any]) -> None:
    wait_until_it_waits(database, other)
    assert not other.done()


def test_a_rebuild_that_settles_a_story_waits_for_who_tells_it_and_holds_no_lot_meanwhile(
    database: Database,
) -> None:
    say(database, _MADE)
    say(database, correcting(_MADE, "c1", 1, doses=5))
    with database.begin() as session:
        session.execute(update(Movement).values(is_in_force=True))
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            lock_stories(session, "movement", {"c2": "m1"})
            other = pool.submit(rebuild_lots, database, _A)
            assert_it_waits(database, other)
            tell(correcting(_MADE, "c2", 2, doses=7), session)
        other.result(timeout=60)
    assert in_force(database) == ["c2"]
    assert_books_are_whole(database)


def test_a_rebuild_that_gives_a_dose_its_lot_waits_for_who_names_its_pack(
    database: Database,
) -> None:
    say(database, _MADE)
    say(database, given("d1", 3, PACKS[0]))
    kept = books(database)
    with database.begin() as session:
        session.connection().exec_driver_sql("UPDATE dose SET lot_id = NULL")
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            tell(made("m2", LOT, PACKS[0]), session)
            other = pool.submit(rebuild_lots, database, _A)
            assert_it_waits(database, other)
        other.result(timeout=60)
    assert_books_are_whole(database)
    assert books(database) != kept  # There are the doses of the second movement too.


def test_a_rebuild_waits_for_the_shipments_of_another_lot_and_holds_none_of_its_own_meanwhile(
    database: Database,
) -> None:
    """The pack left as one of another lot, which comes first in the order of locks."""
    say(database, {**made("m1", OTHER_LOT, PACKS[0]), "to": "CDC-1"})
    say(database, given("d1", 3, PACKS[0], lot=LOT))
    with database.read() as session:
        lots = {row.number: row.id for row in session.scalars(select(Lot))}
        assert session.scalars(select(PackFinding.left_lot_id)).all() == [lots[_B]]
    assert lots[_B] < lots[_A]
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as session:
            hold_departures(session, {lots[_B]}, ())
            other = pool.submit(rebuild_lots, database, _A)
            assert_it_waits(database, other)
            hold_departures(session, {lots[_A]}, ())
        assert other.result(timeout=60) == 0


def test_packs_judged_one_by_one_are_what_they_are_together(database: Database) -> None:
    def put(code: str, hour: int, parent: str, *packs: str, step: str = "packing") -> None:
        at = f"2021-05-03T{hour:02}:00:00Z"
        fact = {"id": code, "at": at, "step": step, "parent": parent, "packs": list(packs)}
        say(database, fact | {"from": "FRIDGE"})

    put("p1", 1, BOX, PACKS[0], PACKS[1], PACKS[2])
    put("p2", 2, PALLET, PACKS[0], PACKS[1], BOX)
    put("p3", 3, BOX, PALLET, PACKS[3])
    put("p4", 4, BOX, PACKS[0], PACKS[3], step="unpacking")
    say(database, {**made("m1", LOT, PALLET), "to": "CDC-1"})
    say(database, made("m2", OTHER_LOT, *PACKS))
    for hour, pack in enumerate((*PACKS, *PACKS), 5):
        say(database, given(f"d{hour}", hour, pack))
    with database.begin() as session:
        codes = set(session.scalars(select(PackFinding.code)))
        assert codes >= {"in_two_cases", "not_in_case", "packed_in_itself", "pack_in_two_places"}
        for key in session.scalars(select(Pack.key)).all():
            assert judge_packs(session, {key}) == 0, key
    assert rebuild_lots(database, _A, _B) == 0
