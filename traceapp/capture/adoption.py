"""Doses that only a pack's code leads to a lot: they are of the one that movements name it with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from traceapp.capture.lot import know_lot
from traceapp.capture.pack_hold import hold_packs, keys_of_text
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.rows import among, parts
from traceapp.rules.meaning import same_pack
from traceapp.watch.pack import Named, identify, lot_of_packs, lots_of_packs
from traceapp.watch.packing import keys_inside


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
    gtins |= {key.split(":", 2)[1] for key in {*keys, *inside} if key.startswith("s:")}
    wanted = sorted({one for key in {*keys, *inside} for one in same_pack(key, gtins)})
    queries = [
        *(select(Dose).where(_of_packs(session, part)) for part in parts(wanted)),
        *_unparted(select(Dose), gtins),
    ]
    doses = {dose.id: dose for query in queries for dose in session.scalars(query)}
    adopted, seen = _adopt(session, list(doses.values()))
    return adopted, seen | {*keys, *inside}


class Mended(NamedTuple):
    """What deriving doses anew changed: lots of doses, how many rows, and of which packs."""

    adopted: list[Adopted]
    rows: int
    packs: set[str]


def adopt_doses_of_lot(session: Session, lot_id: int) -> Mended:
    """Derive anew which doses a lot has of those whose lot nobody told.

    Only packs of doses that differ are held: where the record is right, nobody waits.
    """
    differing = list(_differing(session, lot_id))
    if not differing:
        return Mended([], 0, set())
    codes = select(Dose.pack_code).where(among(session, Dose.id, differing)).distinct()
    texts = [code or "" for code in session.scalars(codes)]
    hold_packs(session, {key for text in texts for key in keys_of_text(text)})
    query = select(Dose).where(among(session, Dose.id, differing), ~Dose.is_lot_told)
    doses = session.scalars(query.execution_options(populate_existing=True)).all()
    before = [_said(dose) for dose in doses]
    adopted, packs = _adopt(session, doses)
    rows = sum(one != _said(dose) for one, dose in zip(before, doses, strict=True))
    return Mended(adopted, rows, packs)


def _said(dose: Dose) -> tuple[str | None, int | None, bool]:
    return dose.pack_key, dose.lot_id, dose.is_lot_told


def _adopt(session: Session, doses: Sequence[Dose]) -> tuple[list[Adopted], set[str]]:
    named, told = _tell(session, {dose.pack_code or "" for dose in doses})
    noted = {pack.lot for pack in named.values() if pack.lot is not None}
    lots = {key: know_lot(session, key).id for key in sorted(noted, key=repr)}
    seen: set[str | None] = set()
    adopted: list[Adopted] = []
    for dose in doses:
        pack, before = named[dose.pack_code or ""], dose.lot_id
        seen |= {dose.pack_key, pack.key}
        dose.pack_key = pack.key
        if pack.lot is not None:
            dose.lot_id, dose.is_lot_told = lots[pack.lot], True
        else:
            dose.lot_id = told.get(pack.key or "")
        if dose.lot_id != before:
            adopted.append(Adopted(dose, before))
    session.flush()
    return adopted, {key for key in seen if key is not None}


def _tell(
    session: Session, codes: Collection[str]
) -> tuple[dict[str, Named], dict[str, int | None]]:
    """What each code names, and which lot movements name each pack of these with."""
    named = {code: identify(session, code) for code in codes}
    return named, lot_of_packs(session, {one.key for one in named.values() if one.key})


def _differing(session: Session, lot_id: int) -> Iterator[int]:
    """The doses whose lot nobody told that are of this lot and should not be, or should be."""
    columns: Any = select(Dose.id, Dose.pack_code, Dose.pack_key, Dose.lot_id)
    here = Dose.lot_id == lot_id, ~Dose.is_lot_told
    keys = set(session.scalars(select(Dose.pack_key).where(*here).distinct()))
    gtins = set(session.scalars(select(Lot.gtin).where(Lot.id == lot_id)))
    wanted = {key for key in keys if key is not None}
    for key in _keys_named(session, lot_id):
        wanted |= same_pack(key, gtins)
    queries = [
        *(columns.where(_of_packs(session, part)) for part in parts(sorted(wanted))),
        columns.where(*here, Dose.pack_key.is_(None)),
        *_unparted(columns, gtins),
    ]
    for query in queries:
        rows = session.execute(query).all()
        named, told = _tell(session, {row.pack_code or "" for row in rows})
        for row in rows:
            pack = named[row.pack_code or ""]
            right = (pack.key, told.get(pack.key or ""))
            if pack.lot is not None or (row.pack_key, row.lot_id) != right:
                yield row.id


def _keys_named(session: Session, lot_id: int) -> set[str]:
    """The packs that movements of a lot named, in force or not, and what was packed in them."""
    named = (
        select(Pack.key)
        .join(PackMovement, PackMovement.pack_id == Pack.id)
        .join(Movement, Movement.id == PackMovement.movement_id)
        .where(Movement.lot_id == lot_id)
    )
    keys = set(session.scalars(named.distinct()))
    return keys | keys_inside(session, keys)


def _of_packs(session: Session, keys: Sequence[str]) -> ColumnElement[bool]:
    return ~Dose.is_lot_told & among(session, Dose.pack_key, keys)


def _unparted(query: Select[Any], gtins: Iterable[str]) -> list[Select[Any]]:
    """The doses of labels that lost a separator, which a lot of their product may part."""
    starts = [Dose.pack_key.startswith(f"u:(01){gtin}") for gtin in sorted(gtins)]
    return [query.where(Dose.lot_id.is_(None), or_(*starts))] if starts else []
