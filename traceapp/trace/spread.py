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
from traceapp.models.stay import Stay
from traceapp.models.stock import Stock
from traceapp.rows import among, pairs
from traceapp.rules.impact import Touched, TouchedDose, follow, reachable
from traceapp.rules.ledger import UNEXPLAINED, Account, Fact, Posting, balance, unit_account
from traceapp.trace.history import History, Stretch
from traceapp.trace.pack import movements_of_packs
from traceapp.trace.posting import GivenDose, doses_given_after, postings_of_movements
from traceapp.trace.upstream import Upstream

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
    #: The row ids of the doses that the ledger cannot explain.
    unexplained: set[int] = field(default_factory=set)
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
    homes = {lot.id: _homes(moved[lot.id]) for lot in lots}
    given = _given(session, spreads, homes, excursion.started_at)
    known = {
        lot.id: _known(spreads[lot.id].reached, homes[lot.id], given.get(lot.id, ()))
        for lot in lots
    }
    held = _held(session, known)
    naming = _lots_naming_packs(session, lots)
    for lot in lots:
        spread = spreads[lot.id]
        own = given.get(lot.id, [])
        postings = _with_doses(
            lot.id, moved[lot.id], own, held, known[lot.id], excursion.started_at
        )
        is_there, window = there[lot.id], (excursion.started_at, excursion.ended_at)
        spread.touched = follow(postings, is_there, *window, homes[lot.id])
        spread.followed = spread.touched.doses
        spread.doses = {dose.id: dose for _, dose in own}
        spread.unexplained = {dose.id for unit, dose in own if unit is None}
        spread.there_now = sum(
            held.get((lot.id, one.unit), 0) if one.unit else balance(moved[lot.id])[one]
            for one in spread.reached
            if is_there(one)
        )
        if lot.id in naming:
            upstream = _upstream(session, lot.id, moved[lot.id], homes[lot.id], known[lot.id])
            history = History(session, lot.id, upstream)
            spread.touched.doses = narrow_by_packs(session, lot, excursion, spread, history)
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


def _homes(moved: Iterable[Posting]) -> dict[int, set[Account]]:
    """The units of each site into which something of a lot came."""
    homes: dict[int, set[Account]] = {}
    for posting in moved:
        if posting.debit.unit is not None and posting.fact.site is not None:
            homes.setdefault(posting.fact.site, set()).add(posting.debit)
    return homes


def _given(
    session: Session,
    spreads: dict[int, Spread],
    homes: dict[int, dict[int, set[Account]]],
    after: datetime,
) -> dict[int, list[tuple[int | None, GivenDose]]]:
    """The doses of each lot at the sites that were reached, with the unit each is booked from."""
    places = [
        (lot_id, site)
        for lot_id, spread in spreads.items()
        for site, units in homes[lot_id].items()
        if not units.isdisjoint(spread.reached)
    ]
    given: dict[int, list[tuple[int | None, GivenDose]]] = {}
    for row in doses_given_after(session, sorted(places), after):
        lot_id, unit_id, *dose = tuple(row)
        given.setdefault(lot_id, []).append((unit_id, GivenDose._make(dose)))
    return given


def _known(
    reached: set[Account],
    homes: dict[int, set[Account]],
    given: Iterable[tuple[int | None, GivenDose]],
) -> set[Account]:
    """The places of which all must be known: those reached, and units that lie beside them.

    What lay beside them matters to doses that name no unit.
    """
    sites = {dose.site_id for _, dose in given if dose.unit_id is None}
    return reached.union(*(homes.get(site, ()) for site in sites))


def _held(session: Session, known: dict[int, set[Account]]) -> dict[tuple[int, int], int]:
    """What these units hold now of each lot."""
    wanted = sorted((lot_id, one.unit) for lot_id, own in known.items() for one in own if one.unit)
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
    given: Sequence[tuple[int | None, GivenDose]],
    held: dict[tuple[int, int], int],
    known: Iterable[Account],
    began: datetime,
) -> list[Posting]:
    """The postings of movements and of doses in order; a unit's doses before `began` as one."""
    accounts, postings = balance(moved), list(moved)
    later = Counter(unit for unit, _ in given)
    for place in known:
        if place.unit is None:
            continue
        # What came into a unit and did not leave it by a movement is there, or was given.
        earlier = accounts.get(place, 0) - held.get((lot_id, place.unit), 0) - later[place.unit]
        if earlier > 0:
            fact = Fact(0, "", began, "dose", earlier)
            postings.append(Posting(began, earlier, place, _GIVEN, fact))
    for unit, dose in given:
        fact = Fact(dose.id, dose.code, dose.at, "dose", 1, dose.site_id, source_unit=dose.unit_id)
        place = UNEXPLAINED if unit is None else unit_account(unit)
        if unit is None or place in known:
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


def _upstream(
    session: Session,
    lot_id: int,
    moved: Sequence[Posting],
    homes: dict[int, set[Account]],
    known: Iterable[Account],
) -> Upstream:
    """What a dose's way is walked over, as far as exposed stock came: nothing else leads to it."""
    sites = {one.unit: site for site, units in homes.items() for one in units if one.unit}
    stays: dict[int, list[tuple[datetime, datetime | None]]] = {}
    rows = session.execute(
        select(Stay.unit_id, Stay.from_at, Stay.until_at)
        .where(Stay.lot_id == lot_id, Stay.shipment_id.is_(None))
        .where(among(session, Stay.unit_id, [one.unit for one in known if one.unit]))
        .order_by(Stay.from_at)
    )
    for unit_id, from_at, until_at in rows:
        stays.setdefault(unit_id, []).append((from_at, until_at))
    return Upstream(moved, sites, stays)


def narrow_by_packs(
    session: Session, lot: Lot, excursion: Excursion, spread: Spread, history: History
) -> list[TouchedDose]:
    """The doses, judged by the way of their own pack where movements named it.

    It is the way that the trace of the dose shows: what leads there leads back.
    """
    given = {one.key: spread.doses[one.key] for one in spread.touched.doses}
    named = movements_of_packs(session, lot, {one.pack_key for one in given.values()} - {None})
    judged: list[TouchedDose] = []
    for touched in spread.touched.doses:
        dose = given[touched.key]
        own = named.get(dose.pack_key or "", ())
        if not own:
            judged.append(touched)
            continue
        units = [dose.unit_id] if dose.unit_id else history.units_of(dose.site_id)
        is_explained = touched.key not in spread.unexplained
        way = history.before(units, dose.at, own, dose.code, is_explained=is_explained)
        sure = {one.certainty for one in way if _was_there(one, excursion)}
        if sure:
            is_certain = "certain" in sure
            judged.append(TouchedDose(dose.id, "certain") if is_certain else touched)
    return judged


def _was_there(one: Stretch, excursion: Excursion) -> bool:
    """Whether a stretch was in the unit during the episode."""
    ended = excursion.ended_at
    is_over = ended is not None and one.from_at >= ended
    return one.unit_id == excursion.unit_id and one.until_at > excursion.started_at and not is_over
