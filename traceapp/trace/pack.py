"""The own way of a pack that movements named: it says more than the stock around it can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot, Pack
from traceapp.models.movement import Movement
from traceapp.models.unit import Unit
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.ledger import Fact
from traceapp.rules.meaning import same_pack
from traceapp.watch.packing import movements_naming

_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Given:
    """A dose from a pack: when and at which site, and from which unit where that was said.

    `pack` is the pack's key.
    """

    at: datetime
    site_id: int
    unit_id: int | None
    pack: str


class Packs:
    """Packs of a lot that movements named, alone or in a case that they were in then."""

    def __init__(self, session: Session, lot: Lot, keys: Iterable[str]) -> None:
        self._gtin = lot.gtin
        wanted = {one for key in keys for one in same_pack(key, [lot.gtin])}
        named = movements_naming(session, wanted, lot.id)
        packs = _keys_of(session, named)
        self._ways = {packs[pack]: movements for pack, movements in named.items() if movements}
        moved = {one for movements in self._ways.values() for one in movements}
        units = {unit for one in moved for unit in (one.from_unit_id, one.to_unit_id) if unit}
        rows = session.execute(select(Unit.id, Unit.site_id).where(among(session, Unit.id, units)))
        self._site_of = {row[0]: row[1] for row in rows}

    def __bool__(self) -> bool:
        return bool(self._ways)

    def was_there(
        self, given: Given, unit_id: int, started_at: datetime, ended_at: datetime | None
    ) -> bool | None:
        """Whether the pack of a dose was in a unit (or rode in it) during [started_at, ended_at).

        None where its own way does not tell: nobody named it, or its movements have a gap.
        """
        way = [one for one in self._way(given.pack) if one.at <= given.at]
        stretches = _stretches(way, given, self._site_of) if way else None
        if stretches is None:
            return None
        end = ended_at or END_OF_TIME
        if any(
            u == unit_id and since < end and until > started_at for u, since, until in stretches
        ):
            return True
        is_known = way[0].step == "commissioning" or way[0].at <= started_at
        return False if is_known else None

    def _way(self, pack: str) -> list[Movement]:
        """The movements of a pack, under its label's key and under its serial's alone."""
        ways = [self._ways.get(key, []) for key in same_pack(pack, [self._gtin])]
        return sorted({one for way in ways for one in way}, key=_place_in_time)


def movements_of_pack(session: Session, lot_id: int, pack: str) -> set[int]:
    """The row ids of the movements of a lot that named the pack of a key, or a case around it."""
    gtin = session.get_one(Lot, lot_id).gtin
    named = movements_naming(session, same_pack(pack, [gtin]), lot_id)
    return {one.id for movements in named.values() for one in movements}


def _keys_of(session: Session, packs: Iterable[int]) -> dict[int, str]:
    wanted = sorted(packs)
    found: dict[int, str] = {}
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        rows = session.execute(select(Pack.id, Pack.key).where(Pack.id.in_(part)))
        found |= {row[0]: row[1] for row in rows}
    return found


def _place_in_time(row: Movement) -> tuple[datetime, int, str]:
    return Fact(row.id, row.code, row.at, row.step, row.doses).place_in_time


def _stretches(
    way: Sequence[Movement], given: Given, site_of: Mapping[int, int]
) -> list[tuple[int | None, datetime, datetime]] | None:
    """Where a pack lay or rode from its first movement to its dose; None where there is a gap."""
    stretches: list[tuple[int | None, datetime, datetime]] = []
    lying: int | None = None
    bound_for: int | None = None
    where, since = way[0].from_unit_id, way[0].at
    for index, one in enumerate(way):
        is_arrival = one.step == "receiving"
        follows = (
            bound_for == site_of.get(one.to_unit_id or 0)
            if is_arrival
            else (lying == one.from_unit_id)
        )
        if one.to_unit_id is None and one.to_site_id is None:
            return None  # It was named as wasted, destroyed, sampled or counted.
        if index and not follows:
            return None
        if index:
            stretches.append((where, since, one.at))
        lying, bound_for = one.to_unit_id, one.to_site_id
        where, since = one.to_unit_id or one.carrier_id, one.at
    if lying is None or site_of[lying] != given.site_id or given.unit_id not in (None, lying):
        return None
    return [*stretches, (lying, since, given.at)]
