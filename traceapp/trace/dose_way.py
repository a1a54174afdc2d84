"""Where doses had been before they were given: one history for those of a lot at a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.trace.dose import DoseRecord
from traceapp.trace.exposure import Climate
from traceapp.trace.history import History, Stretch
from traceapp.trace.pack_use import PackUse, PackUses
from traceapp.trace.upstream import load_upstream
from traceapp.watch.pack import Named, identify


class _Place(NamedTuple):
    """A lot at a unit, or at a site where nobody said which unit a dose came from."""

    lot_id: int
    site_id: int | None
    unit_id: int | None


class DoseWays:
    """The ways of what was injected, and how its packs were used; few questions for many doses."""

    def __init__(
        self, session: Session, records: Sequence[DoseRecord], is_told: bool = False
    ) -> None:
        self.uses = {
            record.dose.id: use
            for record in records
            if (use := _use_of(session, record, is_told)) is not None
        }
        self.packs = PackUses(session, list(self.uses.values()))
        last: dict[_Place, datetime] = {}
        for record in records:
            place = _place(record)
            if place is not None:
                last[place] = max(last.get(place, record.dose.at), record.dose.at)
        self._histories = {
            place: History(
                session,
                place.lot_id,
                load_upstream(
                    session, place.lot_id, until, site_id=place.site_id, unit_id=place.unit_id
                ),
            )
            for place, until in last.items()
        }

    def of(self, record: DoseRecord) -> list[Stretch]:
        """Where it had been; empty where the record knows no stock there."""
        place = _place(record)
        if place is None:
            return []
        history, use = self._histories[place], self.uses.get(record.dose.id)
        units = [place.unit_id] if place.unit_id else history.units_of(record.dose.site_id)
        return history.before(
            units,
            record.dose.at,
            self.packs.movements(use) if use else (),
            record.dose.code,
            # The ledger finds nothing in a dose but that it was not there.
            is_explained=not record.has_finding,
        )

    def look(self, climate: Climate, records: Iterable[DoseRecord]) -> dict[int, list[Stretch]]:
        """The ways of doses by row id; what was measured along them is read at once."""
        ways: dict[int, list[Stretch]] = {}
        of_product: dict[str, list[DoseRecord]] = {}
        for record in records:
            ways[record.dose.id] = self.of(record)
            gtin = record.lot.gtin if record.lot else ""
            of_product.setdefault(gtin, []).append(record)
        for same in of_product.values():
            climate.look(
                {
                    (one.unit_id, one.from_at, one.until_at)
                    for record in same
                    for one in ways[record.dose.id]
                },
                same[0].limits,
            )
        return ways


def _place(record: DoseRecord) -> _Place | None:
    dose = record.dose
    if dose.lot_id is None:
        return None
    return _Place(dose.lot_id, None if dose.unit_id else dose.site_id, dose.unit_id)


def _use_of(session: Session, record: DoseRecord, is_told: bool) -> PackUse | None:
    dose, lot = record.dose, record.lot
    if lot is None or dose.pack_code is None:
        return None
    label = identify(session, dose.pack_code, LotKey(lot.gtin, lot.number)).lot
    named = Named(dose.pack_key, label)
    return PackUse(named, lot, record.product, dose.at, dose.code, is_told)
