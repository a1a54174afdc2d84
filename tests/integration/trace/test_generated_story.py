"""Whatever is told in whatever order, corrected and withdrawn: the record and its traces agree.

After every batch each lot sums to zero and a rebuild changes nothing. In the end the record is the
one that another order gives, the right facts are in force, and going forwards from a lot leads to
the doses that lead back to it.
"""

from __future__ import annotations

from itertools import count

from hypothesis import given
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.integration.country import NOW
from tests.integration.story import (
    Story,
    everything_derived,
    lots_of,
    stories,
    tell,
)
from tests.integration.trace.inverse import (
    assert_lists_are_inverse,
    assert_ways_are_inverse,
    assert_ways_are_reported,
    traces_of,
)
from tests.integration.trace.whole import load_postings
from tests.unit.rules.generated import examples
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.ledger import balance
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
    lots, traces = lots_of(session, name), traces_of(session, f"{name:04}-")
    assert_lists_are_inverse(session, lots, traces)
    assert_ways_are_inverse(session, lots, traces)
    assert_ways_are_reported(session, lots, traces)
    rows = session.execute(select(Unit.code, Site.code).join(Site, Site.id == Unit.site_id))
    homes = {row[0]: row[1] for row in rows}
    for lot in lots:
        forward = trace_lot(session, _COUNTRY, lot.gtin, lot.number, NOW)
        listed = list_lot_doses(session, _COUNTRY, lot, 1_000)["items"]
        assert forward is not None
        assert forward["doses_administered"] == len(listed)
        spread = {site["code"] for site in forward["sites"]}
        assert {one["site"] for one in listed} <= spread
        for one in listed:
            units = {stretch["unit"] for stretch in traces[one["id"]]["path"] if stretch["unit"]}
            assert {homes[unit] for unit in units} <= spread


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
