"""The way of a lot to a place: every stretch it lay or rode, back to its maker."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.unit import Unit
from traceapp.rules.ledger import Account, PlaceInTime, Posting, place_of_dose
from traceapp.trace.posting import postings_at_site
from traceapp.trace.upstream import Upstream


@dataclass(frozen=True, slots=True)
class Stretch:
    """A lot in a unit, or on a journey, during [from_at, until_at).

    `unit_id` is None for a journey in no known carrier. Movements are their public ids.
    """

    unit_id: int | None
    from_at: datetime
    until_at: datetime
    certainty: str
    movement_in: str | None
    movement_out: str | None


class _Step(NamedTuple):
    """A place that is still to be walked: whatever was there before `order`."""

    place: Account
    order: PlaceInTime
    movement_out: str | None
    certainty: str


class History:
    """Walks a lot's postings backwards from where and when somebody asks.

    Only postings of movements are read: when doses emptied a place, its stays tell.
    """

    def __init__(self, session: Session, lot_id: int, upstream: Upstream) -> None:
        self._session, self._lot_id = session, lot_id
        self._sites, self._stays = upstream.sites, upstream.stays
        self._into: dict[Account, list[Posting]] = {}
        self._out_of: dict[Account, list[Posting]] = {}
        self._at_units: dict[int, list[Posting]] = {}
        for posting in upstream.postings:
            self._into.setdefault(posting.debit, []).append(posting)
            self._out_of.setdefault(posting.credit, []).append(posting)

    def units_of(self, site_id: int) -> list[int]:
        """The units of a site into which something of the lot ever came."""
        return sorted(unit for unit, site in self._sites.items() if site == site_id)

    def before(
        self,
        units: Iterable[int],
        at: datetime,
        named: Collection[int] = (),
        dose: str | None = None,
        *,
        is_explained: bool = True,
    ) -> list[Stretch]:
        """All stretches that led to stock in one of `units` at `at`, in order of time.

        A stretch is certain where no other could have been, possible otherwise. `named` are the
        row ids of the movements that named the pack in hand: where one did, the others did not
        bring it. `dose` is the public id of the dose that was given then, if one was; it came
        after what comes before it in the ledger. One that the ledger cannot explain is possibly
        of what lay there until that moment.
        """
        order = place_of_dose(at, dose)
        there = self._there(units, order, named)
        certainty = "certain" if len(there) == 1 and is_explained else "possible"
        found: dict[tuple[object, ...], Stretch] = {}
        walked: dict[tuple[object, ...], str] = {}
        left = [_Step(Account("unit", unit), order, None, certainty) for unit in reversed(there)]
        while left:  # Not by recursion: a lot may be moved every day for years.
            step = left.pop()
            for stretch, arrival in self._stretches(step, named):
                ends = stretch.from_at, stretch.until_at
                key = (step.place, *ends, stretch.movement_in, stretch.movement_out)
                if key not in found or stretch.certainty == "certain":
                    found[key] = stretch
                # One receipt may answer several shipments: each is a way of its own.
                way = (step.place, arrival.fact.place_in_time, arrival.credit)
                if walked.get(way) in ("certain", stretch.certainty):
                    continue
                walked[way] = stretch.certainty
                if arrival.credit.is_place:
                    name, certainty = stretch.movement_in, stretch.certainty
                    order = arrival.fact.place_in_time
                    left.append(_Step(arrival.credit, order, name, certainty))
        return sorted(found.values(), key=lambda one: (one.from_at, one.until_at))

    def _there(self, units: Iterable[int], order: PlaceInTime, named: Collection[int]) -> list[int]:
        """Which of these units held some; of those the pack came to one, where that was said."""
        there = {unit: self._arrivals(Account("unit", unit), order, named) for unit in units}
        said = [unit for unit, came in there.items() if any(one.fact.key in named for one in came)]
        return said or [unit for unit, came in there.items() if came]

    def _stretches(self, step: _Step, named: Collection[int]) -> Iterator[tuple[Stretch, Posting]]:
        """The stretches in a place that may have ended with a step, and what began each."""
        arrivals = self._arrivals(step.place, step.order, named)
        certainty = "possible" if len(arrivals) > 1 else step.certainty
        unit_id, until_at = step.place.unit, step.order[0]
        if step.place.shipment is not None:
            sent = self._into.get(step.place)
            unit_id = sent[0].fact.carrier if sent else None
        for arrival in arrivals:
            name_in = None if arrival.fact.is_dose else arrival.fact.code
            yield (
                Stretch(unit_id, arrival.at, until_at, certainty, name_in, step.movement_out),
                arrival,
            )

    def _arrivals(
        self, place: Account, order: PlaceInTime, named: Collection[int]
    ) -> list[Posting]:
        """The postings that brought what can still have been in `place` before `order`.

        Stock that was there before the place was last empty cannot be among it.
        """
        if place.unit is None:
            events = [*self._into.get(place, ()), *self._out_of.get(place, ())]
            events.sort(key=lambda posting: posting.fact.place_in_time)
            arrivals = arrivals_since_empty(events, place, order)
        else:
            arrivals = self._arrivals_in_unit(place, order)
        arrivals = _one_a_movement(arrivals)
        its_own = [one for one in arrivals if one.fact.key in named]
        return its_own or arrivals

    def _arrivals_in_unit(self, place: Account, order: PlaceInTime) -> list[Posting]:
        """What came into a unit since the stay began that lasted until then, or ended then."""
        came = [one for one in self._into.get(place, ()) if one.fact.place_in_time < order]
        if not came:
            return []
        at = order[0]
        lasted = [
            (from_at, until_at)
            for from_at, until_at in self._stays.get(place.unit or 0, ())
            if from_at <= at and (until_at is None or until_at >= at)
        ]
        is_just_come = any(one.at == at for one in came)
        if not lasted and not is_just_come:
            return []
        since, until = lasted[0] if lasted else (at, at)
        at_first = {one.fact.key for one in came if one.at == since}
        is_at_an_edge = is_just_come and (since == at or until == at) and len(came) > 1
        if len(lasted) > 1 or len(at_first) > 1 or is_at_an_edge:
            # Several things came at the very moment when a stay began or ended; which of them
            # came before the unit was empty, only everything that happened there tells.
            return arrivals_since_empty(self._all_of(place), place, order)
        return [one for one in came if one.at >= since]

    def _all_of(self, place: Account) -> list[Posting]:
        unit = place.unit or 0
        if unit not in self._at_units:
            site = select(Unit.site_id).where(Unit.id == unit)
            site_id = self._session.scalars(site).one()
            self._at_units[unit] = postings_at_site(self._session, self._lot_id, site_id)
        return self._at_units[unit]


def arrivals_since_empty(
    postings: Iterable[Posting], place: Account, order: PlaceInTime
) -> list[Posting]:
    """The postings, of all in their order, that brought what can be in a place before `order`.

    Stock that was there before the place was last empty cannot be among it; but where the place
    became empty at that very moment, and stayed so, it is what was there until then.
    """
    held = 0
    arrivals: list[Posting] = []
    until_then: list[Posting] = []
    for posting in postings:
        if posting.fact.place_in_time >= order:
            break
        if posting.credit == place:
            held -= posting.doses
            if held == 0:
                until_then = arrivals if posting.at == order[0] else []
                arrivals = []
        if posting.debit == place:
            held += posting.doses
            arrivals.append(posting)
    return arrivals or until_then


def _one_a_movement(arrivals: list[Posting]) -> list[Posting]:
    seen: set[tuple[int, Account]] = set()
    kept: list[Posting] = []
    for arrival in arrivals:
        key = arrival.fact.key, arrival.credit
        if key not in seen:
            seen.add(key)
            kept.append(arrival)
    return kept
