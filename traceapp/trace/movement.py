"""What the ledger found in movements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.finding import Finding
from traceapp.models.lot import Lot, Pack
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding
from traceapp.models.packing import Packing, PackingPack
from traceapp.trace.correction import findings_of_corrections, history_of
from traceapp.trace.finding import finding
from traceapp.trace.hold import findings_of_held_movements
from traceapp.trace.lot import lot_document
from traceapp.trace.movement_form import findings_of_form
from traceapp.trace.place import Places
from traceapp.trace.scope import Scope
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
    kept = session.execute(
        select(Movement.code, PackFinding)
        .join(PackFinding, PackFinding.movement_id == Movement.id)
        .where(Movement.code.in_(codes), ~PackFinding.is_explained)
        .order_by(PackFinding.id)
    )
    found += [{**finding(row.code, **row.detail), "movement": code} for code, row in kept]
    found += findings_of_form(session, codes)
    corrections = findings_of_corrections(session, "movement", codes)
    found += [{**one, "movement": code} for code, one in corrections]
    found += findings_of_held_movements(session, codes)
    return found + findings_of_packings(session, codes)


def movement_document(session: Session, scope: Scope, code: str) -> dict[str, Any] | None:
    """A movement as it was reported, with what became of it; None where it is not to be seen.

    Its reporter's site sees it, and those that it left or was sent to.
    """
    row = session.scalar(select(Movement).where(Movement.code == code))
    if row is None:
        return None
    places = Places(session)
    ends = [places.unit(unit) for unit in (row.from_unit_id, row.to_unit_id) if unit]
    ends += [places.site(site) for site in (row.site_id, row.from_site_id, row.to_site_id) if site]
    if not any(scope.sees_site(one.site, one.division) for one in ends):
        return None
    return {
        "id": row.code,
        "at": row.at,
        "step": row.step,
        "lot": lot_document(session, session.get_one(Lot, row.lot_id)),
        "doses": row.doses,
        "from": _end(places, row.from_unit_id, row.from_site_id),
        "to": _end(places, row.to_unit_id, row.to_site_id),
        "carrier": places.unit(row.carrier_id).unit if row.carrier_id else None,
        "site": places.site(row.site_id).site,
        "document": row.document,
        "operator": row.operator,
        "reason": row.reason,
        "recorded_at": row.recorded_at,
        "in_force": row.is_in_force,
        "history": history_of(session, "movement", code),
        "findings": findings_of_movements(session, [code]),
    }


def _end(places: Places, unit_id: int | None, site_id: int | None) -> str | None:
    if unit_id is not None:
        return places.unit(unit_id).unit
    return places.site(site_id).site if site_id is not None else None


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
