"""What shipments that named no packs explain: asked again when one comes, goes or comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from traceapp.db import DEPARTURES, lock_numbers
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding
from traceapp.rows import among, pairs
from traceapp.rules.ledger import LEAVING
from traceapp.rules.pack import Left
from traceapp.watch.departure import Leaving, departures_of_lots

_CHUNK = 5_000


def departures_among(rows: Iterable[object]) -> dict[Leaving, set[datetime]]:
    """The moments at which these facts say, or said, that something of a lot left a site."""
    left: dict[Leaving, set[datetime]] = {}
    for row in rows:
        if isinstance(row, Movement) and row.step in LEAVING:
            left.setdefault((row.lot_id, row.site_id), set()).add(row.at)
    return left


def hold_departures(session: Session, changed: Collection[int], asked: Collection[int]) -> None:
    """Hold lots: those whose shipments changed alone, those whose shipments are asked together.

    The last locks that a writer takes. A pack found at two sites while the shipment that explains
    it is withdrawn is so seen by one of the two.
    """
    lock_numbers(session, DEPARTURES, changed, asked)


def explain_again(session: Session, changed: Mapping[Leaving, Collection[datetime]]) -> None:
    """Let packs in two places be findings or none, where departures at these moments changed.

    Only packs that left that site before one of them, and were seen elsewhere after it, are read.
    """
    if not changed:
        return
    moments = [at for times in changed.values() for at in times]
    found = PackFinding
    asked = pairs(session, found.left_lot_id, found.left_site_id, sorted(changed))
    departed = departures_of_lots(session, {lot_id for lot_id, _ in changed})
    rows: Sequence[Any] = session.execute(
        select(
            *(found.id, found.left_lot_id, found.left_site_id),
            *(found.left_at, found.at, found.is_explained),
        )
        .join(
            asked,
            (asked.c.first == found.left_lot_id) & (asked.c.second == found.left_site_id),
        )
        .where(found.left_at <= max(moments), found.at >= min(moments))
    ).all()
    flipped: dict[bool, list[int]] = {True: [], False: []}
    for key, lot_id, site_id, left_at, at, is_explained in rows:
        left = Left(site_id, left_at, lot_id)
        if left.is_explained(at, departed.get((lot_id, site_id), ())) != is_explained:
            flipped[not is_explained].append(key)
    for is_explained, keys in flipped.items():
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            session.execute(
                update(found)
                .where(among(session, found.id, part))
                .values(is_explained=is_explained)
                .execution_options(synchronize_session=False)
            )
