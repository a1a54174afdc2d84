"""Packing and unpacking: facts about what is in what; they move no doses."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.document import Refusal
from schemas.packing import Packing
from traceapp.capture.insert import insert
from traceapp.capture.pack import know_packs
from traceapp.capture.rejection import digest
from traceapp.models.packing import Packing as PackingRow
from traceapp.models.packing import PackingPack
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.watch.pack import identify


def find_packing_unit(session: Session, packing: Packing, site: str | None) -> Unit | Refusal:
    """The unit at which it happened, or why nobody may report it there."""
    row = session.execute(
        select(Unit, Site.code)
        .join(Site, Site.id == Unit.site_id)
        .where(Unit.code == packing.source)
    ).one_or_none()
    if row is None:
        return Refusal("unknown_unit", "from", "a registered unit", packing.source)
    if site is not None and row[1] != site:
        return Refusal("not_the_reporter", "site", f"a report by {row[1]}", site)
    unit: Unit = row[0]
    return unit


def record_packing(
    session: Session, packing: Packing, unit: Unit, now: datetime
) -> tuple[PackingRow, set[str]] | Refusal:
    """Store a packing that is new; returns it and the keys of all that it names, the case's too."""
    parent = identify(session, packing.parent).key
    if parent is None:
        expected = "the code of one case: an SSCC, a trace code or a label with a serial"
        return Refusal("invalid", "parent", expected, packing.parent[:80])
    codes: dict[str, str] = {parent: packing.parent}
    inside: set[str] = set()
    for place, text in sorted(enumerate(packing.packs), key=lambda one: one[1]):
        key = identify(session, text).key
        if key is None:  # What names no single pack says nothing of what is in the case.
            expected = "the code of one pack: a trace code or a label with a serial"
            return Refusal("invalid", f"packs.{place}", expected, text[:80])
        codes.setdefault(key, text)
        inside.add(key)
    known = know_packs(session, codes)
    row = PackingRow(
        code=packing.id,
        at=packing.at,
        step=packing.step,
        parent_id=known[parent].id,
        is_all=packing.step == "unpacking" and not packing.packs,
        site_id=unit.site_id,
        unit_id=unit.id,
        document=packing.document,
        operator=packing.operator,
        digest=digest({**asdict(packing), "packs": sorted(packing.packs)}),
        recorded_at=now,
    )
    session.add(row)
    session.flush()
    if inside:
        rows = [{"packing_id": row.id, "pack_id": known[key].id} for key in sorted(inside)]
        session.execute(insert(session, PackingPack).values(rows))
    return row, set(codes)
