"""Packs as movements name them: each noted once, by whoever first names it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.capture.insert import insert
from traceapp.models.lot import Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.rows import parts
from traceapp.watch.pack import identify


def name_packs(session: Session, row: Movement, lot: LotKey, packs: Sequence[str]) -> set[str]:
    """Note that a movement named packs, each once however it is written; return their keys.

    What names no single pack is kept as it was said, to be found.
    """
    codes: dict[str, str] = {}
    not_packs: list[str] = []
    for text in sorted(set(packs)):
        if key := identify(session, text, lot).key:
            codes.setdefault(key, text)
        else:
            not_packs.append(text)
    if not_packs:
        row.not_packs = not_packs
    known = know_packs(session, codes)
    rows = [
        {
            "pack_id": pack.id,
            "movement_id": row.id,
            "code": codes[key] if codes[key] != pack.code else None,
        }
        for key, pack in known.items()
    ]
    for part in parts(rows):
        session.execute(insert(session, PackMovement).values(part))
    return set(codes)


def know_packs(session: Session, codes: dict[str, str]) -> dict[str, Pack]:
    """The packs of these keys, each noted with its code where it is new."""
    known: dict[str, Pack] = {}
    for part in parts(sorted(codes)):
        rows = [{"key": key, "code": codes[key]} for key in part]
        session.execute(insert(session, Pack).values(rows).on_conflict_do_nothing())
        known |= {one.key: one for one in session.scalars(select(Pack).where(Pack.key.in_(part)))}
    return known
