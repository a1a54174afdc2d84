"""Where packs were seen, by the movements that named them and the doses out of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.product import Product
from traceapp.rows import among, parts
from traceapp.rules.ledger import Fact
from traceapp.rules.meaning import same_pack
from traceapp.rules.pack import Fault, Sighting, judge_pack
from traceapp.watch.departure import departures_of_lots
from traceapp.watch.packing import keys_by_id, movements_naming


class Judged(NamedTuple):
    """What cannot be of a pack, and the key under which it was named there.

    `is_explained` where a shipment that named no packs may have taken it along.
    """

    fault: Fault
    key: str
    is_explained: bool


class Sightings:
    """Where each pack was seen, under its one name (a serial alone is of the product it is of)."""

    def __init__(self, session: Session, keys: Collection[str]) -> None:
        self._session = session
        self._of: dict[str, list[Sighting]] = {}
        self._keys: dict[tuple[str, bool, int], str] = {}
        self._gtins: dict[str, str | None] = {}
        for part in parts(keys):
            self._see_doses(part)
        self._see_movements(keys)
        gtins = {gtin for gtin in self._gtins.values() if gtin is not None}
        rows = session.execute(
            select(Product.gtin, Product.doses_per_pack).where(Product.gtin.in_(gtins))
        )
        self._doses_per_pack = {row[0]: row[1] for row in rows} if gtins else {}
        self._faults = [
            (fault, self._keys[name, fault.sighting.is_dose, fault.sighting.key])
            for name in sorted(self._of)
            for fault in judge_pack(self._of[name], self._doses(name))
        ]

    @property
    def lots_left(self) -> set[int]:
        """The lots whose shipments may explain that a pack is in two places."""
        lefts = (fault.left for fault, _ in self._faults if fault.left is not None)
        return {left.lot for left in lefts if left.lot is not None}

    def judged(self) -> Iterator[Judged]:
        """What cannot be of these packs; the shipments of `lots_left` are asked for now."""
        return self._explain(self._faults)

    def is_elsewhere(self, key: str, gtin: str, lot_id: int, sighting: Sighting) -> bool:
        """Whether by all that is known a pack cannot be where somebody has it in hand."""
        name, sighting = _name(key, gtin), replace(sighting, lot=lot_id)
        self._gtins.setdefault(name, gtin)
        seen = [one for one in self._of.get(name, ()) if one.at <= sighting.at]
        faults = judge_pack([*seen, sighting], self._doses(name))
        of_hand = [(fault, key) for fault in faults if fault.sighting is sighting]
        return any(one.fault.left and not one.is_explained for one in self._explain(of_hand))

    def _doses(self, name: str) -> int | None:
        """How many doses a pack has; one where nobody registered the product, as the check says."""
        gtin = self._gtins[name]
        return self._doses_per_pack.get(gtin, 1) if gtin is not None else None

    def _explain(self, faults: Collection[tuple[Fault, str]]) -> Iterator[Judged]:
        lefts = [fault.left for fault, _ in faults if fault.left is not None]
        lots = {left.lot for left in lefts if left.lot is not None}
        departed = departures_of_lots(self._session, lots)
        for fault, key in faults:
            left, until = fault.left, fault.sighting.at
            times = departed.get((left.lot or 0, left.site), ()) if left is not None else ()
            yield Judged(fault, key, left is not None and left.is_explained(until, times))

    def _see(self, key: str, gtin: str | None, sighting: Sighting) -> None:
        name = _name(key, gtin)
        place = name, sighting.is_dose, sighting.key
        if place in self._keys:  # One movement may name a pack by its label and by its serial.
            return
        self._of.setdefault(name, []).append(sighting)
        self._keys[place] = key
        self._gtins[name] = self._gtins.get(name) or gtin

    def _see_doses(self, keys: list[str]) -> None:
        rows = self._session.execute(
            select(Dose.id, Dose.code, Dose.at, Dose.site_id, Dose.lot_id, Dose.pack_key, Lot.gtin)
            .outerjoin(Lot, Lot.id == Dose.lot_id)
            .where(among(self._session, Dose.pack_key, keys), Dose.is_in_force)
        )
        for row in rows:
            sighting = sighting_of_dose(row.id, row.code, row.at, row.site_id, row.lot_id)
            self._see(row.pack_key, row.gtin, sighting)

    def _see_movements(self, keys: Collection[str]) -> None:
        named = movements_naming(self._session, sorted(keys))
        movements = {one.id: one for found in named.values() for one in found}
        if not movements:
            return
        packs = keys_by_id(self._session, named)
        lots = {one.lot_id for one in movements.values()}
        rows = self._session.execute(select(Lot.id, Lot.gtin).where(Lot.id.in_(lots)))
        gtins = {row[0]: row[1] for row in rows}
        for pack_id, found in named.items():
            for one in found:
                self._see(packs[pack_id], gtins[one.lot_id], _sighting(one))


def sighting_of_dose(
    key: int, code: str, at: datetime, site_id: int, lot_id: int | None = None
) -> Sighting:
    """A dose as the way of its pack sees it."""
    fact = Fact(key, code, at, "dose", 1)
    return Sighting(key, code, fact.at, fact.place_in_time[1], "dose", site_id, lot=lot_id)


def keys_of_packs(session: Session, keys: Collection[str]) -> set[str]:
    """The keys, and every other one that may name the same pack."""
    has_serials = any(key.startswith("p:") for key in keys)
    gtins = session.scalars(select(Product.gtin)).all() if has_serials else []
    return {one for key in keys for one in same_pack(key, gtins)}


def _name(key: str, gtin: str | None) -> str:
    return f"s:{gtin}:{key[2:]}" if gtin is not None and key.startswith("p:") else key


def _sighting(row: Movement) -> Sighting:
    _, rank, _ = Fact(row.id, row.code, row.at, row.step, row.doses).place_in_time
    return Sighting(
        row.id,
        row.code,
        row.at,
        rank,
        row.step,
        row.site_id,
        row.from_site_id,
        row.to_site_id,
        row.lot_id,
    )
