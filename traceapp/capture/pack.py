"""Packs as movements name them, and the doses that only a pack's code leads to its lot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.capture.insert import insert
from traceapp.capture.lot import know_lot
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.rules.meaning import same_pack
from traceapp.watch.pack import identify, lot_of_pack, lots_of_packs
from traceapp.watch.packing import keys_inside

_CHUNK = 5_000
_Item = TypeVar("_Item")


def name_packs(session: Session, row: Movement, lot: LotKey, packs: Sequence[str]) -> set[str]:
    """Note that a movement named packs, each once however it is written; return their keys."""
    codes: dict[str, str] = {}
    for text in sorted(set(packs)):
        if key := identify(session, text, lot).key:
            codes.setdefault(key, text)
    known = know_packs(session, codes)
    rows = [
        {
            "pack_id": pack.id,
            "movement_id": row.id,
            "code": codes[key] if codes[key] != pack.code else None,
        }
        for key, pack in known.items()
    ]
    for part in _parts(rows):
        session.execute(insert(session, PackMovement).values(part))
    return set(codes)


def know_packs(session: Session, codes: dict[str, str]) -> dict[str, Pack]:
    """The packs of these keys, each noted with its code where it is new."""
    known: dict[str, Pack] = {}
    for part in _parts(sorted(codes)):
        rows = [{"key": key, "code": codes[key]} for key in part]
        session.execute(insert(session, Pack).values(rows).on_conflict_do_nothing())
        known |= {one.key: one for one in session.scalars(select(Pack).where(Pack.key.in_(part)))}
    return known


def adopt_doses(
    session: Session, lot_ids: Iterable[int], keys: Collection[str]
) -> tuple[list[Dose], set[str]]:
    """Give doses of no known lot the one that movements of these lots and packs now tell.

    Returns the doses that got one, which who calls books, and every pack to be judged then.
    """
    inside = keys_inside(session, keys)
    lots = {*lot_ids, *(lots_of_packs(session, inside) if inside else ())}
    gtins = set(session.scalars(select(Lot.gtin).where(Lot.id.in_(lots))))
    wanted = sorted({one for key in {*keys, *inside} for one in same_pack(key, gtins)})
    adopted: dict[int, Dose] = {}
    seen: set[str | None] = {*keys, *inside}
    for dose in [*_of_packs(session, wanted), *_unparted(session, gtins)]:
        named = identify(session, dose.pack_code or "")
        seen |= {dose.pack_key, named.key}
        dose.pack_key = named.key
        if named.lot is not None:
            dose.lot_id = know_lot(session, named.lot).id
        elif named.key is not None:
            dose.lot_id = lot_of_pack(session, named.key)
        if dose.lot_id is not None:
            adopted[dose.id] = dose
    session.flush()
    return list(adopted.values()), {key for key in seen if key is not None}


def _parts(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _CHUNK):
        yield list(items[start : start + _CHUNK])


def _of_packs(session: Session, keys: Sequence[str]) -> Iterator[Dose]:
    for part in _parts(keys):
        query = select(Dose).where(Dose.lot_id.is_(None), Dose.pack_key.in_(part))
        yield from session.scalars(query).all()


def _unparted(session: Session, gtins: Iterable[str]) -> Iterator[Dose]:
    """The doses of labels that lost a separator, which a lot of their product may part."""
    starts = [Dose.pack_key.startswith(f"u:(01){gtin}") for gtin in sorted(gtins)]
    if starts:
        query = select(Dose).where(Dose.lot_id.is_(None), or_(*starts))
        yield from session.scalars(query).all()
