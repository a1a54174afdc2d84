"""The way of a lot to a place: every stretch it lay or rode, back to its maker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.movement import Movement
from traceapp.rules.ledger import Account, Posting
from traceapp.trace.lot import load_postings
from traceapp.trace.pack import movements_of_pack


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
    """A place that is still to be walked: whatever was there until `until_at`."""

    place: Account
    until_at: datetime
    movement_out: str | None
    certainty: str


class History:
    """Walks a lot's postings backwards from where and when somebody asks; `pack` is a key."""

    def __init__(self, session: Session, lot_id: int, pack: str | None = None) -> None:
        self._postings = load_postings(session, lot_id)
        self._movements = {
            row.id: row
            for row in session.scalars(select(Movement).where(Movement.lot_id == lot_id))
        }
        self._pack_movements = movements_of_pack(session, lot_id, pack) if pack else set()

    def before(self, units: Iterable[int], at: datetime) -> list[Stretch]:
        """All stretches that led to stock in one of `units` at `at`, in order of time.

        A stretch is certain where no other could have been, possible otherwise.
        """
        there = [unit for unit in units if self._arrivals(Account("unit", unit), at)]
        certainty = "certain" if len(there) == 1 else "possible"
        found: dict[tuple[object, ...], Stretch] = {}
        walked: dict[tuple[object, ...], str] = {}
        left = [_Step(Account("unit", unit), at, None, certainty) for unit in reversed(there)]
        while left:  # Not by recursion: a lot may be moved every day for years.
            step = left.pop()
            for stretch, arrival in self._stretches(step):
                key = (step.place, stretch.from_at, stretch.until_at, stretch.movement_in)
                if key not in found or stretch.certainty == "certain":
                    found[key] = stretch
                # One receipt may answer several shipments: each is a way of its own.
                way = (*key, arrival.credit)
                if walked.get(way) in ("certain", stretch.certainty):
                    continue
                walked[way] = stretch.certainty
                if arrival.credit.is_place:
                    name, certainty = stretch.movement_in, stretch.certainty
                    left.append(_Step(arrival.credit, arrival.at, name, certainty))
        return sorted(found.values(), key=lambda one: (one.from_at, one.until_at))

    def _stretches(self, step: _Step) -> Iterator[tuple[Stretch, Posting]]:
        """The stretches in a place that may have ended with a step, and what began each."""
        arrivals = self._arrivals(step.place, step.until_at)
        certainty = "possible" if len(arrivals) > 1 else step.certainty
        unit_id = step.place.unit
        if step.place.shipment is not None:
            unit_id = self._movements[step.place.shipment].carrier_id
        for arrival in arrivals:
            movement = self._movements.get(arrival.fact.key)
            name_in = movement.code if movement and not arrival.fact.is_dose else None
            yield (
                Stretch(unit_id, arrival.at, step.until_at, certainty, name_in, step.movement_out),
                arrival,
            )

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
