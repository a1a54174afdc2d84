"""What the ledger found in movements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.finding import Finding
from traceapp.models.lot import Pack
from traceapp.models.movement import Movement
from traceapp.models.packing import Packing, PackingPack
from traceapp.trace.finding import finding
from traceapp.trace.hold import findings_of_held_movements
from traceapp.watch.packing import load_containment


def findings_of_movements(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the findings of these movements, each with the movement's public id."""
    rows = session.execute(
        select(Movement.code, Finding)
        .join(Finding, Finding.movement_id == Movement.id)
        .where(Movement.code.in_(codes))
        .order_by(Finding.id)
    )
    found = [{**finding(row.code, **row.detail), "movement": code} for code, row in rows]
    found += findings_of_held_movements(session, codes)
    return found + findings_of_packings(session, codes)


def findings_of_packings(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """What cannot be of these packings, as the record stands now: it goes with the missing fact."""
    packs: set[int] = set()
    for query in (
        select(Packing.parent_id).where(Packing.code.in_(codes)),
        select(PackingPack.pack_id)
        .join(Packing, Packing.id == PackingPack.packing_id)
        .where(Packing.code.in_(codes)),
    ):
        packs |= set(session.scalars(query))
    if not packs:
        return []
    wanted = set(codes)
    contradictions = [
        one for one in load_containment(session, packs).contradictions if one.fact in wanted
    ]
    named = {one.pack for one in contradictions}
    pack_of = dict(session.execute(select(Pack.id, Pack.code).where(Pack.id.in_(named))).all())
    return [
        {**finding(one.finding, pack=pack_of[one.pack]), "movement": one.fact}
        for one in contradictions
    ]
