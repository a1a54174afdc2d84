"""The check before an injection, and the findings of doses that were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.pack_finding import PackFinding
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.calendar import CHINA
from traceapp.rules.exposure import Limits
from traceapp.trace.correction import findings_of_corrections
from traceapp.trace.exposure import Climate, limits_of
from traceapp.trace.finding import STOPPING, finding
from traceapp.trace.history import History, Stretch
from traceapp.trace.hold import findings_of_holds
from traceapp.trace.holding import units_holding
from traceapp.trace.label import findings_of_code
from traceapp.trace.lot import find_lot, is_made
from traceapp.trace.path import worst_exposure
from traceapp.trace.reach import site_of_unit
from traceapp.trace.scope import Scope
from traceapp.watch.pack import Named, identify, keys_of_pack, lot_of_pack, lots_of_packs
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
    lot = _lot(session, said or named.lot, named.key)
    if lot is None:
        return _verdict([finding("lot_unknown"), *findings_of_code(intended.pack, None, now)])
    found = _findings_of_lot(session, lot, now)
    found += findings_of_holds(session, lot.id, _place(session, intended, scope), now)
    found += _findings_of_pack(session, lot, named, Dose.at <= now)
    found += findings_of_code(intended.pack, lot, now)
    site = site_of_unit(session, intended.unit) if intended.unit else intended.site
    found += _findings_of_whereabouts(session, lot, named.key, site, now)
    units = _units(session, intended)
    limits, climate = limits_of(session, lot.gtin), Climate(session)
    if units:
        holding = units_holding(session, lot.id, units)
        if not holding:
            found.append(finding("not_at_site"))
        stretches = History(session, lot.id, named.key).before(holding, now)
        found += _findings_of_exposure(stretches, climate, limits)
    return _verdict(found)


def findings_of_dose(
    session: Session,
    dose: Dose,
    stretches: Sequence[Stretch],
    climate: Climate,
    limits: Limits,
) -> list[dict[str, Any]]:
    """What is wrong with a dose that was given, as the record stands now."""
    found = [one for _, one in findings_of_corrections(session, "dose", [dose.code])]
    lot = session.get(Lot, dose.lot_id) if dose.lot_id else None
    if lot is None:
        found += [finding("lot_unknown"), *findings_of_code(dose.pack_code, None, dose.at)]
        return [*found, *_findings_of_report(dose)]
    found += _findings_of_lot(session, lot, dose.at)
    place = Scope(site=session.get_one(Site, dose.site_id).code)
    found += findings_of_holds(session, lot.id, place, dose.at)
    if dose.pack_code is not None:
        named = identify(session, dose.pack_code, LotKey(lot.gtin, lot.number))
        named = Named(dose.pack_key, named.lot)
        # Of two doses of one moment the ledger takes the one whose id comes first.
        is_earlier = or_(Dose.at < dose.at, (Dose.at == dose.at) & (Dose.code < dose.code))
        found += _findings_of_pack(session, lot, named, is_earlier, given=1)
    found += findings_of_code(dose.pack_code, lot, dose.at)
    kept = session.scalars(select(Finding).where(Finding.dose_id == dose.id))
    found += [finding(one.code, **one.detail) for one in kept]
    found += _findings_of_place(session, dose)
    found += _findings_of_person(session, dose, lot)
    found += _findings_of_report(dose)
    return found + _findings_of_exposure(stretches, climate, limits)


def findings_of_stock(
    session: Session,
    lot: Lot,
    stretches: Sequence[Stretch],
    climate: Climate,
    limits: Limits,
    site: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """What is wrong with what lies there of a lot: the same that stops an injection of it."""
    return [
        *_findings_of_lot(session, lot, now),
        *findings_of_holds(session, lot.id, Scope(site=site), now),
        *_findings_of_exposure(stretches, climate, limits),
    ]


def _verdict(found: list[dict[str, Any]]) -> dict[str, Any]:
    is_stopped = any(one["code"] in STOPPING for one in found)
    return {"verdict": "stop" if is_stopped else "give", "findings": found}


def _lot(session: Session, said: LotKey | None, pack: str | None) -> Lot | None:
    if said is not None:
        return find_lot(session, said.gtin, said.number)
    lot_id = lot_of_pack(session, pack) if pack else None
    return session.get(Lot, lot_id) if lot_id else None


def _place(session: Session, intended: Intended, scope: Scope | None) -> Scope:
    site = site_of_unit(session, intended.unit) if intended.unit else None
    site = site or intended.site
    return Scope(site=site) if site else scope or Scope()


def _units(session: Session, intended: Intended) -> list[int]:
    query = select(Unit.id).join(Site, Site.id == Unit.site_id).order_by(Unit.id)
    if intended.unit is not None:
        return list(session.scalars(query.where(Unit.code == intended.unit)))
    if intended.site is not None:
        return list(session.scalars(query.where(Site.code == intended.site)))
    return []


def _findings_of_lot(session: Session, lot: Lot, at: datetime) -> list[dict[str, Any]]:
    found = []
    if not is_made(session, lot):
        found.append(finding("lot_unknown"))
    # A day of expiry ends at midnight in China.
    if lot.expires_on and at.astimezone(CHINA).date() > lot.expires_on:
        found.append(finding("lot_expired", day=lot.expires_on.isoformat()))
    return found


def _findings_of_pack(
    session: Session, lot: Lot, named: Named, is_earlier: ColumnElement[bool], given: int = 0
) -> list[dict[str, Any]]:
    """Whether a pack is of this lot, and was not used up by the doses that are earlier.

    `given` is 1 for a dose that was given, and so counts among those that used it.
    """
    found = _findings_of_label(session, lot, named)
    if named.key is None:
        return found
    product = session.get(Product, lot.gtin)
    doses = product.doses_per_pack if product else 1
    used = session.scalar(
        select(func.count())
        .select_from(Dose)
        .outerjoin(Lot, Lot.id == Dose.lot_id)
        .where(
            Dose.pack_key.in_(keys_of_pack(session, named.key, lot.gtin)),
            is_earlier,
            Dose.is_in_force,
            # A serial alone is another pack with every product.
            or_(Dose.pack_key.not_like("p:%"), Lot.gtin == lot.gtin),
        )
    )
    if (used or 0) >= doses:
        found.append(finding("pack_used_up", used=(used or 0) + given, doses=doses))
    return found


def _findings_of_place(session: Session, dose: Dose) -> list[dict[str, Any]]:
    """That the pack of a dose was elsewhere when it was given."""
    elsewhere = select(PackFinding.id).where(
        PackFinding.dose_id == dose.id,
        PackFinding.code == "pack_in_two_places",
        ~PackFinding.is_explained,
    )
    return [finding("pack_in_two_places")] if session.scalar(elsewhere.limit(1)) else []


def _findings_of_whereabouts(
    session: Session, lot: Lot, key: str | None, site: str | None, now: datetime
) -> list[dict[str, Any]]:
    """Whether a pack in hand is, by the record, at another site."""
    site_id = session.scalar(select(Site.id).where(Site.code == site)) if site and key else None
    if key is None or site_id is None:
        return []
    seen = Sightings(session, keys_of_pack(session, key, lot.gtin))
    in_hand = sighting_of_dose(0, "", now, site_id)
    is_elsewhere = seen.is_elsewhere(key, lot.gtin, lot.id, in_hand)
    return [finding("pack_in_two_places")] if is_elsewhere else []


def _findings_of_label(session: Session, lot: Lot, named: Named) -> list[dict[str, Any]]:
    if named.lot is not None and named.lot != LotKey(lot.gtin, lot.number):
        return [finding("pack_of_other_lot", lot=named.lot.number)]
    keys = keys_of_pack(session, named.key, lot.gtin) if named.key else []
    lots = lots_of_packs(session, keys)
    if not lots or lot.id in lots:
        return []
    return [finding("pack_of_other_lot", lot=session.get_one(Lot, lots[0]).number)]


def _findings_of_report(dose: Dose) -> list[dict[str, Any]]:
    """What was doubtful in what was said of the person; only then was it there to be read."""
    return [finding(code) for code in (dose.person_findings or "").split()]


def _findings_of_person(session: Session, dose: Dose, lot: Lot) -> list[dict[str, Any]]:
    if dose.dose_number is None or dose.recipient_id is None:
        return []
    rows = session.execute(
        select(Dose.dose_number, Dose.lot_id, Site.code)
        .join(Lot, Lot.id == Dose.lot_id)
        .join(Site, Site.id == Dose.site_id)
        .where(
            Dose.recipient_id == dose.recipient_id,
            Dose.id != dose.id,
            Dose.at <= dose.at,
            Dose.is_in_force,
            Lot.gtin == lot.gtin,
            Dose.dose_number.is_not(None),
        )
    ).all()
    same = {(lot_id, site) for number, lot_id, site in rows if number == dose.dose_number}
    if same and all(_is_replaced(session, dose, lot_id, site) for lot_id, site in same):
        return []  # What a recall took away is given again, whatever came after it.
    found = [finding("dose_repeated")] if same else []
    if any(number is not None and number > dose.dose_number for number, *_ in rows):
        found.append(finding("wrong_order"))
    return found


def _is_replaced(session: Session, dose: Dose, lot_id: int | None, site: str) -> bool:
    """Whether a dose replaces one of another lot that was under recall where that was given."""
    if lot_id is None or lot_id == dose.lot_id:
        return False
    found = findings_of_holds(session, lot_id, Scope(site=site), dose.at)
    return any(one["code"] == "lot_recalled" for one in found)


def _findings_of_exposure(
    stretches: Sequence[Stretch], climate: Climate, limits: Limits
) -> list[dict[str, Any]]:
    """What the way of the lot says; what is only possible counts too: better one too many."""
    found = []
    worst = worst_exposure(climate, stretches, limits)
    if worst.is_frozen:
        found.append(finding("frozen", celsius=worst.min_celsius))
    if (worst.budget_used(limits) or 0) > 1:
        found.append(finding("budget_exceeded"))
    if (worst.vvm_life_used or 0) >= 1:
        found.append(finding("vvm_used_up"))
    if worst.unknown_minutes > 0:
        found.append(finding("exposure_unknown", minutes=worst.unknown_minutes))
    return found
