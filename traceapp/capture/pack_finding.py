"""Keeping what is wrong with packs equal to what their movements and doses say."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.orm import Session

from traceapp.db import among
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot, Pack, PackMovement
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding
from traceapp.rules.pack import Fault
from traceapp.watch.sighting import Known, Sightings, keys_of_packs, parts

_Row = dict[str, Any]


def judge_packs(session: Session, keys: Collection[str]) -> None:
    """Judge again every pack that one of these keys names, by all that is known of it.

    Call it with the keys of whatever was just stored, given to a lot, corrected or packed.
    """
    wanted = keys_of_packs(session, keys)
    if wanted:
        _sync(session, wanted, [_row(*one) for one in Sightings(session, wanted).faults()])


def packs_in_doubt(session: Session, lot_ids: Iterable[int]) -> set[str]:
    """The packs of lots that are in two places: a shipment that names no packs may explain it."""
    query = select(PackFinding.pack_key).where(
        PackFinding.lot_id.in_(sorted(lot_ids)), PackFinding.code == "pack_in_two_places"
    )
    return set(session.scalars(query))


def packs_of_lots(session: Session, lot_ids: Iterable[int]) -> set[str]:
    """Every pack that movements or doses of these lots named."""
    wanted = sorted(lot_ids)
    given = select(Dose.pack_key).where(Dose.lot_id.in_(wanted), Dose.pack_key.is_not(None))
    named = (
        select(Pack.key)
        .join(PackMovement, PackMovement.pack_id == Pack.id)
        .join(Movement, Movement.id == PackMovement.movement_id)
        .where(Movement.lot_id.in_(wanted))
    )
    keys = {*session.scalars(given.distinct()), *session.scalars(named.distinct())}
    return {key for key in keys if key is not None}


def judge_packs_of_product(session: Session, gtin: str) -> None:
    """Judge again all packs of a product, where it is told anew how many doses one has."""
    lots = session.scalars(select(Lot.id).where(Lot.gtin == gtin)).all()
    for part in parts(packs_of_lots(session, lots)):
        judge_packs(session, part)


def _row(fault: Fault, known: Known) -> _Row:
    one = fault.sighting
    return {
        "code": fault.finding,
        "pack_key": known.key,
        "lot_id": known.lot_id,
        "site_id": one.site,
        "at": one.at,
        "movement_id": None if one.is_dose else one.key,
        "dose_id": one.key if one.is_dose else None,
        "detail": fault.detail,
    }


def _sync(session: Session, keys: set[str], rows: list[_Row]) -> None:
    """Make the table say `rows` of these packs, touching only what differs."""
    names = list(PackFinding.__table__.columns.keys())[1:]
    wanted = {repr([row[name] for name in names]): row for row in rows}
    gone: list[int] = []
    for part in parts(keys):
        query = select(PackFinding).where(among(session, PackFinding.pack_key, part))
        for held in session.scalars(query):
            spelled = repr([getattr(held, name) for name in names])
            if wanted.pop(spelled, None) is None:
                gone.append(held.id)
    for ids in parts(gone):
        session.execute(
            delete(PackFinding)
            .where(among(session, PackFinding.id, ids))
            .execution_options(synchronize_session=False)
        )
    if wanted:
        session.execute(plain_insert(PackFinding), list(wanted.values()))
