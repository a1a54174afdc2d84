"""What a pack was packed in, and so which movements named it: its own, and those of its cases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.lot import Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.models.packing import Packing, PackingPack
from traceapp.rows import among, parts
from traceapp.rules.packing import Containment, Held, PackingFact


def load_containment(session: Session, packs: Iterable[int]) -> Containment:
    """Where these packs were packed, by every fact that bears on it."""
    children: dict[int, set[int]] = {}
    known: set[int] = set()
    left = set(packs)
    while left:
        known |= left
        rows = [row for part in parts(left) for row in _of_children(session, part)]
        for packing_id, pack_id, _ in rows:
            children.setdefault(packing_id, set()).add(pack_id)
        # What a case was packed in bears on it too, and so on outwards.
        left = {parent for _, _, parent in rows} - known
    emptied = [
        packing_id
        for part in parts(known)
        for packing_id in session.scalars(
            select(Packing.id).where(Packing.parent_id.in_(part), Packing.is_all)
        )
    ]
    facts = []
    for part in parts([*children, *emptied]):
        for row in session.scalars(select(Packing).where(Packing.id.in_(part))):
            inside = tuple(sorted(children.get(row.id, ())))
            is_in = row.step == "packing"
            facts.append(PackingFact(row.code, row.at, is_in, row.parent_id, inside))
    return Containment(facts)


class Contradicted(NamedTuple):
    """What cannot be of a packing: a code of trace/finding.py, of which pack, where and when."""

    finding: str
    key: str
    packing_id: int
    site_id: int
    at: datetime


def contradictions_of(session: Session, keys: Iterable[str]) -> tuple[set[str], list[Contradicted]]:
    """What cannot be of packings of these packs, and of the cases around them; their keys first."""
    packs = [
        pack_id
        for part in parts(keys)
        for pack_id in session.scalars(select(Pack.id).where(Pack.key.in_(part)))
    ]
    if not packs or session.scalar(select(Packing.id).limit(1)) is None:
        return set(), []
    containment = load_containment(session, packs)
    around = {one.parent for times in containment.held.values() for one in times}
    told = keys_by_id(session, {*packs, *around, *(c.pack for c in containment.contradictions)})
    rows: dict[str, Any] = {}
    for part in parts({one.fact for one in containment.contradictions}):
        query = select(Packing.code, Packing.id, Packing.site_id, Packing.at)
        rows |= {row[0]: row[1:] for row in session.execute(query.where(Packing.code.in_(part)))}
    return set(told.values()), [
        Contradicted(one.finding, told[one.pack], *rows[one.fact])
        for one in containment.contradictions
    ]


def cases_of(session: Session, keys: Iterable[str]) -> dict[int, list[Held]]:
    """The packs of these keys, each with the cases that it was in and when, outer ones too."""
    packs = [
        pack_id
        for part in parts(keys)
        for pack_id in session.scalars(select(Pack.id).where(Pack.key.in_(part)))
    ]
    if not packs or session.scalar(select(Packing.id).limit(1)) is None:
        return {pack: [] for pack in packs}
    containment = load_containment(session, packs)
    return {pack: containment.around(pack) for pack in packs}


def movements_naming(
    session: Session, keys: Iterable[str], lot_id: int | None = None
) -> dict[int, list[Movement]]:
    """The movements that named each pack of these keys, alone or in a case that it was in then."""
    cases = cases_of(session, keys)
    named: dict[int, list[Movement]] = {}
    wanted = {*cases, *(one.parent for times in cases.values() for one in times)}
    for part in parts(wanted):
        query = (
            select(PackMovement.pack_id, Movement)
            .join(Movement, Movement.id == PackMovement.movement_id)
            .where(PackMovement.pack_id.in_(part), Movement.is_in_force)
        )
        if lot_id is not None:
            query = query.where(Movement.lot_id == lot_id)
        for pack_id, movement in session.execute(query):
            named.setdefault(pack_id, []).append(movement)
    found: dict[int, list[Movement]] = {}
    for pack, times in cases.items():
        own = {one.id: one for one in named.get(pack, ())}
        for held in times:
            moved = named.get(held.parent, ())
            own |= {one.id: one for one in moved if held.since <= one.at <= held.until}
        found[pack] = list(own.values())
    return found


def packs_inside(session: Session, packs: Iterable[int]) -> set[int]:
    """These packs and all that was ever packed in them, however deep."""
    known: set[int] = set()
    left = set(packs)
    while left:
        known |= left
        inside: set[int] = set()
        for part in parts(left):
            inside |= set(
                session.scalars(
                    select(PackingPack.pack_id)
                    .join(Packing, Packing.id == PackingPack.packing_id)
                    .where(Packing.parent_id.in_(part))
                )
            )
        left = inside - known
    return known


def keys_by_id(session: Session, packs: Iterable[int]) -> dict[int, str]:
    """The keys of packs by their row ids."""
    found: dict[int, str] = {}
    for part in parts(packs):
        query = select(Pack.id, Pack.key).where(among(session, Pack.id, part))
        found |= {row[0]: row[1] for row in session.execute(query)}
    return found


def keys_inside(session: Session, keys: Iterable[str]) -> set[str]:
    """The keys of all that was ever packed in the packs of these; none where nothing was."""
    packs = [
        pack_id
        for part in parts(keys)
        for pack_id in session.scalars(
            select(Pack.id)
            .join(Packing, Packing.parent_id == Pack.id)
            .where(among(session, Pack.key, part))
        )
    ]
    return set(keys_by_id(session, packs_inside(session, packs)).values())


def _of_children(session: Session, part: list[int]) -> Iterable[tuple[int, int, int]]:
    query = (
        select(PackingPack.packing_id, PackingPack.pack_id, Packing.parent_id)
        .join(Packing, Packing.id == PackingPack.packing_id)
        .where(PackingPack.pack_id.in_(part))
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]
