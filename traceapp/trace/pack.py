"""The movements that named a pack: its own way, which says more than the stock around it can."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from traceapp.models.lot import Lot
from traceapp.rules.meaning import same_pack
from traceapp.watch.packing import keys_by_id, movements_naming


def movements_of_pack(session: Session, lot_id: int, pack: str) -> set[int]:
    """The row ids of the movements of a lot that named the pack of a key, or a case around it."""
    return movements_of_packs(session, session.get_one(Lot, lot_id), [pack])[pack]


def movements_of_packs(
    session: Session, lot: Lot, packs: Iterable[str | None]
) -> dict[str, set[int]]:
    """The same for many packs of a lot at once, by the keys that were asked for."""
    ways = {pack: same_pack(pack, [lot.gtin]) for pack in packs if pack is not None}
    wanted = {key for keys in ways.values() for key in keys}
    named = movements_naming(session, sorted(wanted), lot.id)
    keys = keys_by_id(session, named)
    moved: dict[str, set[int]] = {}
    for pack_id, movements in named.items():
        moved.setdefault(keys[pack_id], set()).update(one.id for one in movements)
    return {pack: {one for key in own for one in moved.get(key, ())} for pack, own in ways.items()}
