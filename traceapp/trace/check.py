"""The check before an injection."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.models.stock import Stock
from traceapp.models.unit import Unit
from traceapp.rows import fetch
from traceapp.trace.exposure import Climate
from traceapp.trace.finding import STOPPING, finding
from traceapp.trace.history import History, Stretch
from traceapp.trace.hold import Holds
from traceapp.trace.label import findings_of_code
from traceapp.trace.lot import LotRecord, find_lot_record, record_of_lot
from traceapp.trace.lot_finding import findings_of_exposure, findings_of_lot
from traceapp.trace.pack_use import PackUse, PackUses
from traceapp.trace.scope import Scope
from traceapp.trace.upstream import load_upstream
from traceapp.watch.pack import Named, identify, keys_of_pack, lot_of_pack
from traceapp.watch.sighting import Sightings, sighting_of_dose


@dataclass(frozen=True, slots=True)
class Intended:
    """What somebody is about to inject: a pack's code, or a lot; and where."""

    site: str | None = None
    unit: str | None = None
    gtin: str | None = None
    lot: str | None = None
    pack: str | None = None


def check_dose(
    session: Session, intended: Intended, now: datetime, scope: Scope | None = None
) -> dict[str, Any]:
    """`{"verdict": "give"|"stop", "findings": […]}` for an injection at `now`.

    Where no place is named, every hold that has a say in the scope counts.
    """
    said = LotKey(intended.gtin, intended.lot) if intended.gtin and intended.lot else None
    named = identify(session, intended.pack, said) if intended.pack else Named(None)
    record = _lot(session, said or named.lot, named.key)
    if record is None:
        return _verdict([finding("lot_unknown"), *findings_of_code(intended.pack, None, now)])
    lot, spot = record.lot, _spot(session, intended, record.lot)
    found = findings_of_lot(lot, record.is_made, now)
    if record.was_held:
        place = Scope(site=spot.site) if spot.site else scope or Scope()
        found += Holds(session).findings(lot.id, place, now)
    use = PackUse(named, lot, record.product, now)
    packs = PackUses(session, [use])
    found += packs.findings(use)
    found += findings_of_code(intended.pack, lot, now)
    found += _findings_of_whereabouts(session, lot, named.key, spot.site_id, now)
    if spot.units:
        if not spot.holding:
            found.append(finding("not_at_site"))
        found += _findings_of_stretches(session, record, spot, packs.movements(use), now)
    return _verdict(found)


def findings_of_stock(
    holds: Holds,
    record: LotRecord,
    stretches: Sequence[Stretch],
    climate: Climate,
    site: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """What is wrong with what lies there of a lot: the same that stops an injection of it."""
    found = findings_of_lot(record.lot, record.is_made, now)
    if record.was_held:
        found += holds.findings(record.lot.id, Scope(site=site), now)
    return found + findings_of_exposure(stretches, climate, record.limits)


def _verdict(found: list[dict[str, Any]]) -> dict[str, Any]:
    is_stopped = any(one["code"] in STOPPING for one in found)
    return {"verdict": "stop" if is_stopped else "give", "findings": found}


def _lot(session: Session, said: LotKey | None, pack: str | None) -> LotRecord | None:
    if said is not None:
        return find_lot_record(session, said)
    lot_id = lot_of_pack(session, pack) if pack else None
    lot = session.get(Lot, lot_id) if lot_id else None
    return record_of_lot(session, lot) if lot else None


class _Spot(NamedTuple):
    """Where an injection is to be: the units it may come out of, and those that hold the lot."""

    site: str | None
    site_id: int | None = None
    units: Sequence[int] = ()
    holding: Sequence[int] = ()


def _spot(session: Session, intended: Intended, lot: Lot) -> _Spot:
    query = _OF_UNIT if intended.unit is not None else _OF_SITE
    code = intended.unit if intended.unit is not None else intended.site
    if code is None:
        return _Spot(None)
    rows = fetch(session, query, {"code": code, "lot_id": lot.id})
    if not rows:
        return _Spot(intended.site)
    units = sorted({unit_id for _, _, unit_id, _ in rows if unit_id is not None})
    holding = sorted({unit_id for _, _, unit_id, doses in rows if (doses or 0) > 0})
    return _Spot(rows[0][0], rows[0][1], units, holding)


#: Made once: to make a statement anew each time costs more than the database takes for it.
_OF_SITE = (
    select(Site.code, Site.id, Unit.id, Stock.doses)
    .outerjoin(Unit, Unit.site_id == Site.id)
    .outerjoin(Stock, and_(Stock.unit_id == Unit.id, Stock.lot_id == bindparam("lot_id")))
    .where(Site.code == bindparam("code"))
)
_OF_UNIT = (
    select(Site.code, Site.id, Unit.id, Stock.doses)
    .join(Unit, Unit.site_id == Site.id)
    .outerjoin(Stock, and_(Stock.unit_id == Unit.id, Stock.lot_id == bindparam("lot_id")))
    .where(Unit.code == bindparam("code"))
)


def _findings_of_stretches(
    session: Session, record: LotRecord, spot: _Spot, named: Collection[int], now: datetime
) -> list[dict[str, Any]]:
    """What the ways say that led to what lies there now."""
    if not spot.holding:
        return []
    upstream = load_upstream(session, record.lot.id, now, site_id=spot.site_id)
    history = History(session, record.lot.id, upstream)
    stretches = history.before(spot.holding, now, named)
    return findings_of_exposure(stretches, Climate(session), record.limits)


def _findings_of_whereabouts(
    session: Session, lot: Lot, key: str | None, site_id: int | None, now: datetime
) -> list[dict[str, Any]]:
    """Whether a pack in hand is, by the record, at another site."""
    if key is None or site_id is None:
        return []
    seen = Sightings(session, keys_of_pack(session, key, lot.gtin))
    in_hand = sighting_of_dose(0, "", now, site_id)
    is_elsewhere = seen.is_elsewhere(key, lot.gtin, lot.id, in_hand)
    return [finding("pack_in_two_places")] if is_elsewhere else []
