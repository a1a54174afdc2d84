"""The blast radius of an excursion: lots that were there, what is left, doses, people, sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rules.impact import Stock, Touched, TouchedDose, follow
from traceapp.rules.ledger import Account
from traceapp.trace.excursion import excursion_summary
from traceapp.trace.exposure import Climate, exposure_document, limits_of
from traceapp.trace.lot import load_postings, lot_document
from traceapp.trace.pack import Given, Packs
from traceapp.trace.place import Place, Places
from traceapp.trace.scope import Scope

_CHUNK = 5_000


def trace_impact(
    session: Session, scope: Scope, excursion_id: int, now: datetime
) -> dict[str, Any] | None:
    """The `impact` of the contract; None for an episode that is not to be seen.

    It follows stock beyond the unit's division: whoever may see the episode sees where its
    lots went, and counts the people; a dose elsewhere is named by its id and site only.
    """
    row = session.execute(
        select(Excursion, Unit.code, Site)
        .join(Unit, Unit.id == Excursion.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(Excursion.id == excursion_id, scope.sites())
    ).one_or_none()
    if row is None:
        return None
    excursion, unit_code, site = row
    places, climate = Places(session), Climate(session)
    lots: list[dict[str, Any]] = []
    doses: list[dict[str, Any]] = []
    people: set[int] = set()
    sites: dict[str, Place] = {}
    for lot in lots_present(session, excursion):
        touched = follow_lot(session, lot, excursion)
        lots.append(_lot_document(session, lot, touched, excursion, places, climate, now))
        for place in _places(session, touched, places):
            sites[place.site] = place
        for dose, certainty in _doses(session, touched):
            place = places.site(dose.site_id)
            sites[place.site] = place
            doses.append(
                {"id": dose.code, "at": dose.at, "site": place.site, "certainty": certainty}
            )
            if dose.recipient_id is not None:  # Who was forgotten cannot be told apart.
                people.add(dose.recipient_id)
    return {
        "excursion": excursion_summary(excursion, unit_code, site.code),
        "lots": lots,
        "doses": sorted(doses, key=lambda one: (one["at"], one["id"])),
        "recipients": len(people),
        "sites": [
            {"code": place.site, "name": place.site_name, "division": place.division}
            for place in sorted(sites.values(), key=lambda place: place.site)
        ],
    }


def lots_present(session: Session, excursion: Excursion) -> list[Lot]:
    """The lots whose stay in the unit overlaps the episode, by number."""
    stays = select(Stay.lot_id).where(
        Stay.unit_id == excursion.unit_id,
        or_(Stay.until_at.is_(None), Stay.until_at > excursion.started_at),
    )
    if excursion.ended_at is not None:
        stays = stays.where(Stay.from_at < excursion.ended_at)
    return list(session.scalars(select(Lot).where(Lot.id.in_(stays)).order_by(Lot.number)))


def follow_lot(session: Session, lot: Lot, excursion: Excursion) -> Touched:
    """What became of the stock of a lot that lay in the unit, or rode in it, in the episode."""
    is_there = presence(session, lot, excursion.unit_id)
    postings = load_postings(session, lot.id)
    touched = follow(postings, is_there, excursion.started_at, excursion.ended_at)
    touched.doses = _by_own_way(session, lot, excursion, touched.doses)
    return touched


def _by_own_way(
    session: Session, lot: Lot, excursion: Excursion, doses: list[TouchedDose]
) -> list[TouchedDose]:
    """The doses, judged by the way of their own pack where movements named it."""
    if not doses:
        return doses
    rows = session.execute(
        select(Dose.id, Dose.at, Dose.site_id, Dose.unit_id, Dose.pack_key).where(
            Dose.lot_id == lot.id, Dose.pack_key.is_not(None)
        )
    )
    given = {row.id: Given(row.at, row.site_id, row.unit_id, row.pack_key or "") for row in rows}
    packs = Packs(session, lot, {given[dose.key].pack for dose in doses if dose.key in given})
    if not packs:
        return doses
    judged: list[TouchedDose] = []
    for dose in doses:
        was_there = None
        if dose.key in given:
            was_there = packs.was_there(
                given[dose.key], excursion.unit_id, excursion.started_at, excursion.ended_at
            )
        if was_there is None:
            judged.append(dose)
        elif was_there:
            judged.append(TouchedDose(dose.key, "certain"))
    return judged


def presence(session: Session, lot: Lot, unit_id: int) -> Callable[[Account], bool]:
    """Which accounts of a lot are in a unit: the unit's own, and what the unit carries."""
    riding = set(
        session.scalars(
            select(Movement.id).where(Movement.lot_id == lot.id, Movement.carrier_id == unit_id)
        )
    )

    def is_there(account: Account) -> bool:
        return account.unit == unit_id or account.shipment in riding

    return is_there


def _lot_document(
    session: Session,
    lot: Lot,
    touched: Touched,
    excursion: Excursion,
    places: Places,
    climate: Climate,
    now: datetime,
) -> dict[str, Any]:
    limits = limits_of(session, lot.gtin)
    end = excursion.ended_at or max(now, excursion.started_at)
    exposure = climate.exposure(excursion.unit_id, excursion.started_at, end, limits)
    return {
        "lot": lot_document(session, lot),
        "doses_present": touched.present,
        "doses_on_hand_now": sum(stock.exposed for stock in touched.left.values()),
        "where_now": [
            _where(session, account, stock, places) for account, stock in touched.left.items()
        ],
        "exposure": exposure_document(exposure, limits),
        "certainty": "certain",
    }


def _where(session: Session, account: Account, stock: Stock, places: Places) -> dict[str, Any]:
    document = {"doses": stock.exposed, "certainty": stock.certainty, "in_transit": False}
    if account.unit is not None:
        place = places.unit(account.unit)
        return {"site": place.site, "unit": place.unit, **document}
    shipment = session.get_one(Movement, account.shipment)
    carrier = places.unit(shipment.carrier_id).unit if shipment.carrier_id else None
    to_site = places.site(shipment.to_site_id).site if shipment.to_site_id else None
    return {"site": to_site, "unit": carrier, **document, "in_transit": True}


def _places(session: Session, touched: Touched, places: Places) -> Iterable[Place]:
    for account in touched.left:
        if account.unit is not None:
            yield places.unit(account.unit)
        elif account.shipment is not None:
            shipment = session.get_one(Movement, account.shipment)
            if shipment.to_site_id is not None:
                yield places.site(shipment.to_site_id)


def _doses(session: Session, touched: Touched) -> Iterable[tuple[Any, str]]:
    """Each touched dose as a row, with its certainty."""
    certainty = {dose.key: dose.certainty for dose in touched.doses}
    keys = sorted(certainty)
    for start in range(0, len(keys), _CHUNK):
        rows = session.execute(
            select(Dose.id, Dose.code, Dose.at, Dose.recipient_id, Dose.site_id).where(
                Dose.id.in_(keys[start : start + _CHUNK])
            )
        )
        for row in rows:
            yield row, certainty[row.id]
