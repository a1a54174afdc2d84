"""The way of a lot to a place: every stretch it lay or rode, back to its maker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.lot import Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.rules.ledger import Account, Posting
from traceapp.trace.lot import load_postings


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


class History:
    """Walks a lot's postings backwards from where and when somebody asks."""

    def __init__(self, session: Session, lot_id: int, pack: str | None = None) -> None:
        self._postings = load_postings(session, lot_id)
        self._movements = {
            row.id: row
            for row in session.scalars(select(Movement).where(Movement.lot_id == lot_id))
        }
        self._pack_movements = _movements_of_pack(session, pack)

    def before(self, units: Iterable[int], at: datetime) -> list[Stretch]:
        """All stretches that led to stock in one of `units` at `at`, in order of time.

        A stretch is certain where no other could have been, possible otherwise.
        """
        there = [unit for unit in units if self._arrivals(Account("unit", unit), at)]
        found: dict[tuple[object, ...], Stretch] = {}
        certainty = "certain" if len(there) == 1 else "possible"
        for unit in there:
            self._walk(Account("unit", unit), at, None, certainty, found)
        return sorted(found.values(), key=lambda one: (one.from_at, one.until_at))

    def _walk(
        self,
        place: Account,
        until_at: datetime,
        movement_out: str | None,
        certainty: str,
        found: dict[tuple[object, ...], Stretch],
    ) -> None:
        arrivals = self._arrivals(place, until_at)
        if len(arrivals) > 1:
            certainty = "possible"
        for arrival in arrivals:
            movement_in = self._movements.get(arrival.fact.key)
            name_in = movement_in.code if movement_in and not arrival.fact.is_dose else None
            unit_id = place.unit
            if place.shipment is not None:
                unit_id = self._movements[place.shipment].carrier_id
            key = (place, arrival.at, until_at, name_in)
            known = found.get(key)
            if known is not None and (known.certainty == "certain" or certainty == "possible"):
                continue
            found[key] = Stretch(unit_id, arrival.at, until_at, certainty, name_in, movement_out)
            if arrival.credit.is_place:
                self._walk(arrival.credit, arrival.at, name_in, certainty, found)

    def _arrivals(self, place: Account, until_at: datetime) -> list[Posting]:
        """The postings that brought what can still have been in `place` at `until_at`.

        Stock that was there before the place was last empty cannot be among it.
        """
        held = 0
        arrivals: list[Posting] = []
        for posting in self._postings:
            if posting.at > until_at:
                break
            if posting.debit == place:
                held += posting.doses
                arrivals.append(posting)
            elif posting.credit == place:
                if posting.at == until_at:
                    continue
                held -= posting.doses
                if held == 0:
                    arrivals = []
        arrivals = _one_a_movement(arrivals)
        named = [one for one in arrivals if one.fact.key in self._pack_movements]
        return named or arrivals


def _one_a_movement(arrivals: list[Posting]) -> list[Posting]:
    seen: set[tuple[int, Account]] = set()
    kept: list[Posting] = []
    for arrival in arrivals:
        key = arrival.fact.key, arrival.credit
        if key not in seen:
            seen.add(key)
            kept.append(arrival)
    return kept


def _movements_of_pack(session: Session, pack: str | None) -> set[int]:
    if pack is None:
        return set()
    return set(
        session.scalars(
            select(PackMovement.movement_id)
            .join(Pack, Pack.id == PackMovement.pack_id)
            .where(Pack.code == pack)
        )
    )
