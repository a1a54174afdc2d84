"""Packs as movements name them, and the doses that only a pack's code leads to its lot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.capture.insert import insert
from traceapp.capture.lot import know_lot
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.rows import among
from traceapp.rules.meaning import same_pack
from traceapp.watch.pack import identify, lot_of_packs, lots_of_packs
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


class Adopted(NamedTuple):
    """A dose whose lot nobody told, and which lot it had until now."""

    dose: Dose
    lot_before: int | None


def adopt_doses(
    session: Session, lot_ids: Iterable[int], keys: Collection[str]
) -> tuple[list[Adopted], set[str]]:
    """Let doses whose lot nobody told be of the lot that movements in force now tell.

    Returns the doses whose lot changed, which who calls books, and every pack to be judged then.
    """
    inside = keys_inside(session, keys)
    lots = {*lot_ids, *(lots_of_packs(session, inside) if inside else ())}
    gtins = set(session.scalars(select(Lot.gtin).where(Lot.id.in_(lots))))
    wanted = sorted({one for key in {*keys, *inside} for one in same_pack(key, gtins)})
    doses = {dose.id: dose for dose in (*_of_packs(session, wanted), *_unparted(session, gtins))}
    named = {
        code: identify(session, code) for code in {one.pack_code or "" for one in doses.values()}
    }
    told = lot_of_packs(session, {one.key for one in named.values() if one.key})
    seen: set[str | None] = {*keys, *inside}
    adopted: list[Adopted] = []
    for dose in doses.values():
        pack, before = named[dose.pack_code or ""], dose.lot_id
        seen |= {dose.pack_key, pack.key}
        dose.pack_key = pack.key
        if pack.lot is not None:
            dose.lot_id, dose.is_lot_told = know_lot(session, pack.lot).id, True
        else:
            dose.lot_id = told.get(pack.key or "")
        if dose.lot_id != before:
            adopted.append(Adopted(dose, before))
    session.flush()
    return adopted, {key for key in seen if key is not None}


def _parts(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    for start in range(0, len(items), _CHUNK):
        yield list(items[start : start + _CHUNK])


def _of_packs(session: Session, keys: Sequence[str]) -> Iterator[Dose]:
    for part in _parts(keys):
        query = select(Dose).where(~Dose.is_lot_told, among(session, Dose.pack_key, part))
        yield from session.scalars(query).all()


def _unparted(session: Session, gtins: Iterable[str]) -> Iterator[Dose]:
    """The doses of labels that lost a separator, which a lot of their product may part."""
    starts = [Dose.pack_key.startswith(f"u:(01){gtin}") for gtin in sorted(gtins)]
    if starts:
        query = select(Dose).where(Dose.lot_id.is_(None), or_(*starts))
        yield from session.scalars(query).all()
