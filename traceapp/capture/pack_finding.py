"""Keeping what is wrong with packs equal to what their movements and doses say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.orm import Session

from traceapp.capture.departure import explain_again, hold_departures
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding
from traceapp.rows import among, parts
from traceapp.watch.departure import Leaving
from traceapp.watch.pack import lot_of_packs
from traceapp.watch.packing import Contradicted, contradictions_of, keys_inside
from traceapp.watch.sighting import Judged, Sightings, keys_of_packs

_Row = dict[str, Any]
#: The rows that follow from packings, and those that follow from where packs were seen.
_OF_PACKING, _OF_WAYS = PackFinding.packing_id.is_not(None), PackFinding.packing_id.is_(None)
_NAMES = tuple(PackFinding.__table__.columns.keys())[1:]


def judge_packs(
    session: Session,
    keys: Collection[str],
    departed: Mapping[Leaving, Collection[datetime]] | None = None,
) -> int:
    """Judge again every pack that one of these keys names, by all that is known of it.

    Call it with the keys of whatever was just stored, given to a lot, corrected or packed, and
    with when shipments left which sites that came or went. Returns how many rows differed.
    """
    changed = departed or {}
    wanted = keys_of_packs(session, keys)
    sightings = Sightings(session, wanted) if wanted else None
    asked = sightings.lots_left if sightings else ()
    hold_departures(session, {lot_id for lot_id, _ in changed}, asked)
    explain_again(session, changed)
    return _judge(session, wanted, sightings) if sightings else 0


def _judge(session: Session, wanted: set[str], sightings: Sightings) -> int:
    """Keep what is wrong with packs, whose shipments are held; return how many rows differed."""
    rows = [_row(one) for one in sightings.judged()]
    around, contradictions = contradictions_of(session, wanted)
    if around:
        _sync(session, around, _rows_of_packings(session, contradictions), _OF_PACKING)
    return _sync(session, wanted, rows, _OF_WAYS)


def packs_of_lots(session: Session, lot_ids: Iterable[int]) -> set[str]:
    """Every pack that movements or doses of these lots named, and what was packed in them."""
    wanted = sorted(lot_ids)
    given = select(Dose.pack_key).where(Dose.lot_id.in_(wanted), Dose.pack_key.is_not(None))
    named = (
        select(Pack.key)
        .join(PackMovement, PackMovement.pack_id == Pack.id)
        .join(Movement, Movement.id == PackMovement.movement_id)
        .where(Movement.lot_id.in_(wanted))
    )
    found = select(PackFinding.pack_key).where(PackFinding.lot_id.in_(wanted))
    keys = {key for one in (given, named, found) for key in session.scalars(one.distinct()) if key}
    return keys | keys_inside(session, keys)


def judge_packs_of_lots(
    session: Session, lot_ids: Collection[int], others: Collection[str] = ()
) -> int:
    """Judge again all packs of lots and some others, in pieces; returns how many rows differed.

    A pack may have left as one of another lot. Where that turns out, all is let go and begun
    again with that lot held too, so that locks are only ever taken in their order.
    """
    keys = packs_of_lots(session, lot_ids) | set(others)
    held = set(lot_ids)
    while True:
        with session.begin_nested() as attempt:
            hold_departures(session, (), held)
            differed, missing = 0, set[int]()
            for part in parts(keys):
                wanted = keys_of_packs(session, part)
                sightings = Sightings(session, wanted)
                missing |= sightings.lots_left - held
                differed += 0 if missing else _judge(session, wanted, sightings)
            if not missing:
                return differed
            attempt.rollback()
        held |= missing


def judge_packs_of_product(session: Session, gtin: str) -> None:
    """Judge again all packs of a product, where it is told anew how many doses one has."""
    judge_packs_of_lots(session, session.scalars(select(Lot.id).where(Lot.gtin == gtin)).all())


def _row(judged: Judged) -> _Row:
    one, left = judged.fault.sighting, judged.fault.left
    return {
        "code": judged.fault.finding,
        "pack_key": judged.key,
        "lot_id": one.lot,
        "site_id": one.site,
        "at": one.at,
        "movement_id": None if one.is_dose else one.key,
        "dose_id": one.key if one.is_dose else None,
        "packing_id": None,
        "detail": judged.fault.detail,
        "left_site_id": left.site if left else None,
        "left_at": left.at if left else None,
        "left_lot_id": left.lot if left else None,
        "is_explained": judged.is_explained,
    }


def _rows_of_packings(session: Session, contradictions: Sequence[Contradicted]) -> list[_Row]:
    lots = lot_of_packs(session, {one.key for one in contradictions}) if contradictions else {}
    return [
        {
            **dict.fromkeys(_NAMES),
            "code": one.finding,
            "pack_key": one.key,
            "lot_id": lots[one.key],
            "site_id": one.site_id,
            "at": one.at,
            "packing_id": one.packing_id,
            "detail": {},
            "is_explained": False,
        }
        for one in contradictions
    ]


def _sync(session: Session, keys: set[str], rows: list[_Row], kind: ColumnElement[bool]) -> int:
    """Make the table say `rows` of these packs, touching only what differs; return how many did."""
    wanted = {repr([row[name] for name in _NAMES]): row for row in rows}
    columns = [getattr(PackFinding, name) for name in _NAMES]
    gone: list[int] = []
    for part in parts(keys):
        query = select(PackFinding.id, *columns).where(
            among(session, PackFinding.pack_key, part), kind
        )
        stored = session.execute(query)
        gone += [one[0] for one in stored if wanted.pop(repr(list(one[1:])), None) is None]
    for ids in parts(gone):
        session.execute(
            delete(PackFinding)
            .where(among(session, PackFinding.id, ids))
            .execution_options(synchronize_session=False)
        )
    if wanted:
        session.execute(plain_insert(PackFinding), list(wanted.values()))
    return len(gone) + len(wanted)
