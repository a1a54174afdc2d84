"""Whatever is told in whatever order, corrected and withdrawn: the record and its traces agree.

After every batch each lot sums to zero and a rebuild changes nothing. In the end the record is the
one that another order gives, the right facts are in force, and going forwards from a lot leads to
the doses that lead back to it.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import given
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.integration.story import (
    Story,
    everything_derived,
    lots_of,
    stories,
    tell,
)
from tests.integration.trace.whole import load_postings
from tests.unit.rules.generated import examples
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.impact import follow
from traceapp.rules.ledger import Account, balance
from traceapp.trace.backward import trace_dose
from traceapp.trace.forward import list_lot_doses, lot_balance, trace_lot
from traceapp.trace.scope import Scope

_NAMES = count(1)
_SQLITE, _POSTGRESQL = 15, 8
_COUNTRY = Scope()


def assert_lots_are_whole(session: Session, name: int) -> None:
    """Every lot sums to zero over all its accounts, and a rebuild is the identity."""
    for lot in lots_of(session, name):
        accounts = balance(load_postings(session, lot.id))
        assert sum(accounts.values()) == 0
        total = lot_balance(session, lot)
        gone = ("administered", "wasted", "destroyed", "sampled", "adjusted", "unexplained")
        places = total["on_hand"] + total["in_transit"]
        assert total["made"] == places + sum(total[kind] for kind in gone)
        assert rebuild(session, lot.id) == 0


def assert_traces_are_inverse(session: Session, name: int) -> None:
    doses = session.scalars(
        select(Dose).where(Dose.code.startswith(f"{name:04}-"), Dose.is_in_force)
    ).all()
    backward: dict[str, dict[str, Any]] = {}
    for dose in doses:
        trace = trace_dose(session, _COUNTRY, dose.code)
        assert trace is not None
        backward[dose.code] = trace
    rows = session.execute(select(Unit.code, Site.code).join(Site, Site.id == Unit.site_id))
    homes = {row[0]: row[1] for row in rows}
    for lot in lots_of(session, name):
        forward = trace_lot(session, _COUNTRY, lot.gtin, lot.number)
        listed = list_lot_doses(session, _COUNTRY, lot, 1_000)["items"]
        back = {
            code
            for code, trace in backward.items()
            if trace["lot"] and trace["lot"]["number"] == lot.number
        }
        assert {one["id"] for one in listed} == back
        if forward is None:
            assert not back
            continue
        assert forward["doses_administered"] == len(back)
        spread = {site["code"] for site in forward["sites"]}
        assert {one["site"] for one in listed} <= spread
        for code in back:
            units = {one["unit"] for one in backward[code]["path"] if one["unit"]}
            assert {homes[unit] for unit in units} <= spread
            _assert_way_is_reported(session, lot, backward[code]["path"])
        _assert_places_are_inverse(session, lot, backward)


def _assert_way_is_reported(session: Session, lot: Lot, path: list[dict[str, Any]]) -> None:
    """What a path names stands, and is of the lot."""
    named = {one[way] for one in path for way in ("movement_in", "movement_out") if one[way]}
    standing = select(Movement.code).where(
        Movement.code.in_(named), Movement.lot_id == lot.id, Movement.is_in_force
    )
    given = select(Dose.code).where(Dose.code.in_(named), Dose.lot_id == lot.id, Dose.is_in_force)
    assert {*session.scalars(standing), *session.scalars(given)} == named


def _assert_places_are_inverse(
    session: Session, lot: Lot, backward: dict[str, dict[str, Any]]
) -> None:
    """From a unit on forwards come the very doses whose paths lead back to it."""
    postings = load_postings(session, lot.id)
    if not postings:
        return
    began = postings[0].at.replace(year=2000)
    moved = session.execute(select(Movement.id, Movement.carrier_id))
    carriers = {row[0]: row[1] for row in moved}
    by_key = {
        dose.id: dose
        for dose in session.scalars(select(Dose).where(Dose.lot_id == lot.id, Dose.is_in_force))
    }
    # Of a dose that the record cannot explain the path says what came there at that moment.
    explained = {one.fact.key for one in postings if one.fact.is_dose and one.credit.is_place}
    for unit_id, unit in session.execute(select(Unit.id, Unit.code)):

        def is_there(place: Account, unit_id: int = unit_id) -> bool:
            if place.shipment is not None:
                return carriers[place.shipment] == unit_id
            return place.unit == unit_id

        touched = {dose.key for dose in follow(postings, is_there, began, None).doses}
        for key, dose in by_key.items():
            leads_back = any(one["unit"] == unit for one in backward[dose.code]["path"])
            if dose.pack_key is None and dose.unit_id is not None and key in explained:
                assert leads_back == (key in touched)
            elif dose.pack_key is None and key in touched:
                assert leads_back  # It may be of any unit of its site, and is booked from one.


def check(database: Database, story: Story) -> None:
    first, second = next(_NAMES), next(_NAMES)
    for name, order in zip((first, second), story.orders, strict=True):
        documents = story.named(name)
        for batch in order:
            with database.begin() as session:
                tell(session, [documents[place] for place in batch])
            if name == first:
                with database.begin() as session:
                    assert_lots_are_whole(session, name)
    with database.begin() as session:
        stands = {
            code
            for model in (Movement, Dose)
            for code in session.scalars(
                select(model.code).where(model.code.startswith(f"{first:04}-"), model.is_in_force)
            )
        }
        assert stands == story.in_force(first)
        assert everything_derived(session, first) == everything_derived(session, second)
        assert_traces_are_inverse(session, first)


@given(story=stories())
@examples(_SQLITE)
def check_on_sqlite(database: Database, story: Story) -> None:
    check(database, story)


@given(story=stories())
@examples(_POSTGRESQL)
def check_on_postgresql(database: Database, story: Story) -> None:
    check(database, story)


def test_the_record_of_a_story_is_whole_and_traced_both_ways_in_whatever_order_it_is_told(
    database: Database,
) -> None:
    if database.is_sqlite:
        check_on_sqlite(database)
    else:
        check_on_postgresql(database)
