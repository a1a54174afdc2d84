"""What became of stock that lay in a unit during an episode: followed through the record.

For each lot: the postings of its movements, and of its doses only those given after the exposure
began at the sites that exposed stock came to. What was there at the beginning follows from what
is there now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot, PackMovement
from traceapp.models.movement import Movement
from traceapp.models.stock import Stock
from traceapp.models.unit import Unit
from traceapp.rows import among, pairs
from traceapp.rules.impact import Touched, TouchedDose, follow, reachable
from traceapp.rules.ledger import Account, Fact, Posting, balance
from traceapp.trace.pack import Given, Packs
from traceapp.trace.posting import GivenDose, doses_given_after, postings_of_movements

_GIVEN = Account("administered")


@dataclass(slots=True)
class Spread:
    """What became of a lot: the rules' answer, the doses by row id, and the places reached.

    `there_now` is what is in the unit, or rides in it, now.
    """

    touched: Touched = field(default_factory=Touched)
    doses: dict[int, GivenDose] = field(default_factory=dict)
    reached: set[Account] = field(default_factory=set)
    there_now: int = 0
    #: The doses as stock alone tells, before the way of a pack overrides it.
    followed: list[TouchedDose] = field(default_factory=list)


def follow_lots(session: Session, lots: Sequence[Lot], excursion: Excursion) -> dict[int, Spread]:
    """What became of the stock of these lots that lay in the unit, or rode in it; by row id."""
    moved = postings_of_movements(session, [lot.id for lot in lots])
    there = {lot.id: presence(moved[lot.id], excursion.unit_id) for lot in lots}
    spreads = {
        lot.id: Spread(reached=reachable(moved[lot.id], there[lot.id], excursion.started_at))
        for lot in lots
    }
    given = _given(session, spreads, excursion.started_at)
    held = _held(session, spreads)
    naming = _lots_naming_packs(session, lots)
    for lot in lots:
        spread = spreads[lot.id]
        own = given.get(lot.id, [])
        postings = _with_doses(
            lot.id, moved[lot.id], own, held, spread.reached, excursion.started_at
        )
        is_there = there[lot.id]
        spread.touched = follow(postings, is_there, excursion.started_at, excursion.ended_at)
        spread.followed = spread.touched.doses
        spread.doses = {dose.id: dose for _, dose in own}
        spread.there_now = sum(
            held.get((lot.id, one.unit), 0) if one.unit else balance(moved[lot.id])[one]
            for one in spread.reached
            if is_there(one)
        )
        if lot.id in naming:
            spread.touched.doses = _by_own_way(session, lot, excursion, spread)
    return spreads


def presence(postings: Iterable[Posting], unit_id: int) -> Callable[[Account], bool]:
    """Which accounts of a lot are in a unit: the unit's own, and what the unit carries."""
    riding = {
        posting.debit.shipment
        for posting in postings
        if posting.debit.shipment is not None and posting.fact.carrier == unit_id
    }

    def is_there(account: Account) -> bool:
        return account.unit == unit_id or (account.shipment in riding if riding else False)

    return is_there


def _given(
    session: Session, spreads: dict[int, Spread], after: datetime
) -> dict[int, list[tuple[int, GivenDose]]]:
    """The doses of each lot from the units that were reached, with the unit of each."""
    units = {one.unit for spread in spreads.values() for one in spread.reached if one.unit}
    rows = session.execute(select(Unit.id, Unit.site_id).where(among(session, Unit.id, units)))
    site_of = {row[0]: row[1] for row in rows}
    places = {
        (lot_id, site_of[one.unit])
        for lot_id, spread in spreads.items()
        for one in spread.reached
        if one.unit
    }
    given: dict[int, list[tuple[int, GivenDose]]] = {}
    for row in doses_given_after(session, sorted(places), after):
        lot_id, unit_id, *dose = tuple(row)
        if unit_id is not None:
            given.setdefault(lot_id, []).append((unit_id, GivenDose._make(dose)))
    return given


def _held(session: Session, spreads: dict[int, Spread]) -> dict[tuple[int, int], int]:
    """What the units that were reached hold now of each lot."""
    wanted = sorted(
        (lot_id, one.unit)
        for lot_id, spread in spreads.items()
        for one in spread.reached
        if one.unit
    )
    asked = pairs(session, Stock.lot_id, Stock.unit_id, wanted)
    rows = session.execute(
        select(Stock.lot_id, Stock.unit_id, Stock.doses).join(
            asked, (asked.c.first == Stock.lot_id) & (asked.c.second == Stock.unit_id)
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _with_doses(
    lot_id: int,
    moved: Sequence[Posting],
    given: Sequence[tuple[int, GivenDose]],
    held: dict[tuple[int, int], int],
    reached: Iterable[Account],
    began: datetime,
) -> list[Posting]:
    """The postings of movements and of doses in order; a unit's doses before `began` as one."""
    accounts, postings = balance(moved), list(moved)
    later = Counter(unit for unit, _ in given)
    for place in reached:
        if place.unit is None:
            continue
        # What came into a unit and did not leave it by a movement is there, or was given.
        earlier = accounts.get(place, 0) - held.get((lot_id, place.unit), 0) - later[place.unit]
        if earlier > 0:
            fact = Fact(0, "", began, "dose", earlier)
            postings.append(Posting(began, earlier, place, _GIVEN, fact))
    for unit, dose in given:
        place = Account("unit", unit)
        if place in reached:
            fact = Fact(dose.id, dose.code, dose.at, "dose", 1)
            postings.append(Posting(dose.at, 1, place, _GIVEN, fact))
    return sorted(postings, key=lambda posting: posting.fact.place_in_time)


def _lots_naming_packs(session: Session, lots: Sequence[Lot]) -> set[int]:
    """Those of these lots of which some movement names a pack: their packs have a way."""
    query = (
        select(Movement.lot_id)
        .join(PackMovement, PackMovement.movement_id == Movement.id)
        .where(among(session, Movement.lot_id, [lot.id for lot in lots]))
        .distinct()
    )
    return set(session.scalars(query))


def _by_own_way(
    session: Session, lot: Lot, excursion: Excursion, spread: Spread
) -> list[TouchedDose]:
    """The doses, judged by the way of their own pack where movements named it."""
    given = {}
    for dose in spread.touched.doses:
        row = spread.doses[dose.key]
        if row.pack_key is not None:
            given[row.id] = Given(row.at, row.site_id, row.unit_id, row.pack_key)
    packs = Packs(session, lot, {one.pack for one in given.values()})
    judged: list[TouchedDose] = []
    for dose in spread.touched.doses:
        was_there = None
        if packs and dose.key in given:
            was_there = packs.was_there(
                given[dose.key], excursion.unit_id, excursion.started_at, excursion.ended_at
            )
        if was_there is None:
            judged.append(dose)
        elif was_there:
            judged.append(TouchedDose(dose.key, "certain"))
    return judged
