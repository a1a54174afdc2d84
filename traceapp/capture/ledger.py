"""Keeping the ledgers of lots: what is derived says what the facts say, after every transaction.

A new fact touches its site's shelf and, where it ships or receives, its route; nothing else of
the lot is read or written, however much of it there is. `rebuild` derives all of a lot anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.derived import Derivation, Key
from traceapp.capture.fact import dose_fact, movement_fact, newest_of_site
from traceapp.capture.shelf import (
    Standing,
    book_again,
    book_on_top,
    hold_standings,
    store_stock,
)
from traceapp.capture.transit import Route, book_route, routes_of
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.rows import among
from traceapp.rules.ledger import Fact
from traceapp.rules.shelf import Shelf


class Booking:
    """The facts that one transaction adds; `write` books them once they are stored."""

    def __init__(self) -> None:
        self._facts: dict[Key, list[Fact]] = {}
        self._routes: set[Route] = set()
        self._again: set[Key] = set()

    def add_movement(self, row: Movement) -> None:
        """Book a movement that was stored just now."""
        fact = movement_fact(row)
        self._facts.setdefault((row.lot_id, row.site_id), []).append(fact)
        self._routes |= routes_of(row.lot_id, [fact])

    def add_dose(self, row: Dose) -> None:
        """Book a dose that was stored just now; none of no lot."""
        if row.lot_id is not None:
            self._facts.setdefault((row.lot_id, row.site_id), []).append(dose_fact(row))

    def move_dose(self, row: Dose, lot_before: int | None) -> None:
        """Book a dose under the lot that it has now, and no more under the one that it had."""
        self.book_from(row, {lot_before})
        self.add_dose(row)

    def book_from(self, row: Dose, lot_ids: Iterable[int | None]) -> None:
        """Book anew from a dose on, where it was given, what lots have that it is of or was of."""
        for lot_id in lot_ids:
            if lot_id is not None:
                key = (lot_id, row.site_id)
                self._again.add(key)
                self._facts.setdefault(key, []).append(dose_fact(row))

    def take_again(self, row: Movement | Dose) -> None:
        """Book anew what a stored fact had said: it counts no more, or counts again."""
        if row.lot_id is not None:
            self._again.add((row.lot_id, row.site_id))
        if isinstance(row, Movement):
            self.add_movement(row)
        else:
            self.add_dose(row)

    @property
    def keys(self) -> set[Key]:
        """Which lots' books change at which sites."""
        return set(self._facts)

    @property
    def lot_ids(self) -> set[int]:
        """The lots whose books change."""
        return {lot_id for lot_id, _ in self._facts}

    def write(self, session: Session) -> None:
        """Bring the ledger up to date with the facts that were added."""
        if not self._facts:
            return
        lock_lots(session, {route[0] for route in self._routes})
        # A shipment may tell where what a site had received came from: its sums change too.
        told = {(lot_id, target) for lot_id, _, target in self._routes}
        standings = hold_standings(session, self._facts.keys() | told)
        derivation = Derivation(session)
        shelves = {
            key: self._shelf(session, derivation, key, standings[key])
            for key in sorted(self._facts)
        }
        for route in sorted(self._routes):
            book_route(session, derivation, route)
        derivation.write()
        store_stock(session, standings, shelves)
        self._store_turnover(session, derivation, standings)

    def _shelf(
        self, session: Session, derivation: Derivation, key: Key, standing: Standing
    ) -> Shelf:
        facts = self._facts[key]
        since = min(fact.at for fact in facts)
        if standing.is_before(since) and key not in self._again:
            return book_on_top(derivation, key, standing, facts)
        return book_again(session, derivation, key, standing, since)

    def _store_turnover(
        self, session: Session, derivation: Derivation, standings: dict[Key, Standing]
    ) -> None:
        for key, standing in standings.items():
            standing.turnover.newest_at = self._newest(session, key, standing)
            for name, doses in derivation.sums[key].items():
                setattr(standing.turnover, name, getattr(standing.turnover, name) + doses)
        session.flush()

    def _newest(self, session: Session, key: Key, standing: Standing) -> datetime | None:
        if key in self._again:  # What was the newest may count no more.
            return newest_of_site(session, *key)
        newest = [fact.at for fact in self._facts.get(key, ())]
        if standing.turnover.newest_at is not None:
            newest.append(standing.turnover.newest_at)
        return max(newest, default=None)


def lock_lots(session: Session, lot_ids: Iterable[int]) -> None:
    """Hold lots until the transaction ends: whoever books them next sees what we booked.

    Not FOR UPDATE: that waits for everybody who merely refers to the lot, and they for us.
    """
    wanted = sorted(lot_ids)
    if wanted:
        session.execute(
            select(Lot.id)
            .where(among(session, Lot.id, wanted))
            .order_by(Lot.id)
            .with_for_update(key_share=True)
        ).all()


def lock_lot(session: Session, lot_id: int) -> None:
    """Hold one lot until the transaction ends."""
    lock_lots(session, [lot_id])
