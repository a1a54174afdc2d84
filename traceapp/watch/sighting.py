"""Where packs were seen, by the movements that named them and the doses out of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db import among
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.models.product import Product
from traceapp.models.unit import Unit
from traceapp.rules.ledger import Fact
from traceapp.rules.meaning import same_pack
from traceapp.rules.pack import Departure, Fault, Sighting, judge_pack
from traceapp.watch.packing import movements_naming

_CHUNK = 5_000
_Item = TypeVar("_Item")


class Known(NamedTuple):
    """Of a sighting: the key under which the pack was named, and the row of the lot."""

    key: str
    lot_id: int | None


class Sightings:
    """Where each pack was seen, under its one name (a serial alone is of the product it is of)."""

    def __init__(self, session: Session, keys: Collection[str]) -> None:
        self._session = session
        self._of: dict[str, list[Sighting]] = {}
        self._known: dict[tuple[str, bool, int], Known] = {}
        self._gtins: dict[str, str | None] = {}
        self._departures: dict[int, list[Departure]] = {}
        for part in parts(keys):
            self._see_doses(part)
        self._see_movements(keys)
        gtins = {gtin for gtin in self._gtins.values() if gtin is not None}
        rows = session.execute(
            select(Product.gtin, Product.doses_per_pack).where(Product.gtin.in_(gtins))
        )
        self._doses_per_pack = {row[0]: row[1] for row in rows} if gtins else {}

    def faults(self) -> Iterator[tuple[Fault, Known]]:
        """What cannot be of these packs."""
        for name in sorted(self._of):
            for fault in self._judge(name, self._of[name]):
                one = fault.sighting
                yield fault, self._known[name, one.is_dose, one.key]

    def is_elsewhere(self, key: str, gtin: str, lot_id: int, sighting: Sighting) -> bool:
        """Whether by all that is known a pack cannot be where somebody has it in hand."""
        name = _name(key, gtin)
        self._known[name, True, sighting.key] = Known(key, lot_id)
        self._gtins.setdefault(name, gtin)
        seen = [*self._of.get(name, []), sighting]
        faults = self._judge(name, [one for one in seen if one.at <= sighting.at])
        return any(f.finding == "pack_in_two_places" and f.sighting is sighting for f in faults)

    def _judge(self, name: str, sightings: list[Sighting]) -> list[Fault]:
        gtin = self._gtins[name]
        # A product that nobody registered is taken to have one dose, as the check takes it.
        doses = self._doses_per_pack.get(gtin, 1) if gtin is not None else None
        faults = judge_pack(sightings, doses)
        if any(fault.finding == "pack_in_two_places" for fault in faults):
            known = (self._known[name, one.is_dose, one.key] for one in sightings)
            lots = {one.lot_id for one in known if one.lot_id is not None}
            departures = [one for lot_id in sorted(lots) for one in self._departed(lot_id)]
            faults = judge_pack(sightings, doses, departures)
        return faults

    def _departed(self, lot_id: int) -> list[Departure]:
        """The shipments of a lot that named no packs."""
        if lot_id not in self._departures:
            named = select(PackMovement.pack_id).where(PackMovement.movement_id == Movement.id)
            rows = self._session.execute(
                select(Unit.site_id, Movement.at)
                .join(Movement, Movement.from_unit_id == Unit.id)
                .where(
                    Movement.lot_id == lot_id,
                    Movement.step.in_(("shipping", "returning")),
                    Movement.is_in_force,
                    ~named.exists(),
                )
            )
            self._departures[lot_id] = [Departure(row[0], row[1]) for row in rows]
        return self._departures[lot_id]

    def _see(self, key: str, gtin: str | None, lot_id: int | None, sighting: Sighting) -> None:
        name = _name(key, gtin)
        place = name, sighting.is_dose, sighting.key
        if place in self._known:  # One movement may name a pack by its label and by its serial.
            return
        self._of.setdefault(name, []).append(sighting)
        self._known[place] = Known(key, lot_id)
        self._gtins[name] = self._gtins.get(name) or gtin

    def _see_doses(self, keys: list[str]) -> None:
        rows = self._session.execute(
            select(Dose.id, Dose.code, Dose.at, Dose.site_id, Dose.lot_id, Dose.pack_key, Lot.gtin)
            .outerjoin(Lot, Lot.id == Dose.lot_id)
            .where(among(self._session, Dose.pack_key, keys), Dose.is_in_force)
        )
        for row in rows:
            sighting = sighting_of_dose(row.id, row.code, row.at, row.site_id)
            self._see(row.pack_key, row.gtin, row.lot_id, sighting)

    def _see_movements(self, keys: Collection[str]) -> None:
        named = movements_naming(self._session, sorted(keys))
        movements = {one.id: one for found in named.values() for one in found}
        if not movements:
            return
        packs: dict[int, str] = {}
        for part in parts(named):
            query = select(Pack.id, Pack.key).where(among(self._session, Pack.id, part))
            packs |= {row[0]: row[1] for row in self._session.execute(query)}
        lots = {one.lot_id for one in movements.values()}
        rows = self._session.execute(select(Lot.id, Lot.gtin).where(Lot.id.in_(lots)))
        gtins = {row[0]: row[1] for row in rows}
        site_of = _sites_of_units(self._session, movements.values())
        for pack_id, found in named.items():
            for one in found:
                sighting = _sighting(one, site_of)
                self._see(packs[pack_id], gtins[one.lot_id], one.lot_id, sighting)


def sighting_of_dose(key: int, code: str, at: datetime, site_id: int) -> Sighting:
    """A dose as the way of its pack sees it."""
    fact = Fact(key, code, at, "dose", 1)
    return Sighting(key, code, fact.at, fact.place_in_time[1], "dose", site_id)


def keys_of_packs(session: Session, keys: Collection[str]) -> set[str]:
    """The keys, and every other one that may name the same pack."""
    has_serials = any(key.startswith("p:") for key in keys)
    gtins = session.scalars(select(Product.gtin)).all() if has_serials else []
    return {one for key in keys for one in same_pack(key, gtins)}


def parts(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Pieces of a long list, each short enough for one query."""
    listed = list(items)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def _name(key: str, gtin: str | None) -> str:
    return f"s:{gtin}:{key[2:]}" if gtin is not None and key.startswith("p:") else key


def _sighting(row: Movement, site_of: dict[int, int]) -> Sighting:
    _, rank, _ = Fact(row.id, row.code, row.at, row.step, row.doses).place_in_time
    here = row.to_unit_id if row.step in ("commissioning", "receiving") else row.from_unit_id
    site = site_of.get(here or 0, row.site_id)
    return Sighting(
        row.id, row.code, row.at, rank, row.step, site, row.from_site_id, row.to_site_id
    )


def _sites_of_units(session: Session, movements: Iterable[Movement]) -> dict[int, int]:
    units = {unit for one in movements for unit in (one.from_unit_id, one.to_unit_id) if unit}
    query = select(Unit.id, Unit.site_id).where(among(session, Unit.id, sorted(units)))
    return {row[0]: row[1] for row in session.execute(query)}
