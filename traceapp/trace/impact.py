"""The blast radius of an excursion: lots that were there, what is left, doses, people, sites."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rules.impact import Stock, Touched
from traceapp.rules.ledger import Account
from traceapp.trace.change import changes_of_impact
from traceapp.trace.excursion import excursion_summary
from traceapp.trace.exposure import Climate, exposure_document, limits_of
from traceapp.trace.lot import lot_document
from traceapp.trace.place import Place, Places
from traceapp.trace.scope import Scope
from traceapp.trace.spread import follow_lots


def trace_impact(
    session: Session, scope: Scope, excursion_id: int, now: datetime
) -> dict[str, Any] | None:
    """The `impact` of the contract; None for an episode that is not to be seen.

    It follows stock beyond the unit's division: whoever may see the episode sees where its
    lots went, and counts the people; a dose elsewhere is named by its id and site only. It is
    made anew from the record each time; `changes` says what came late and made another of it.
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
    present = lots_present(session, excursion)
    spreads = follow_lots(session, present, excursion)
    for lot in present:
        spread = spreads[lot.id]
        lots.append(_lot_document(session, lot, spread.touched, excursion, places, climate, now))
        for place in _places(session, spread.touched, places):
            sites[place.site] = place
        places.know_sites({spread.doses[dose.key].site_id for dose in spread.touched.doses})
        for touched in spread.touched.doses:
            dose = spread.doses[touched.key]
            place = places.site(dose.site_id)
            sites[place.site] = place
            doses.append(
                {
                    "id": dose.code,
                    "at": dose.at,
                    "site": place.site,
                    "certainty": touched.certainty,
                }
            )
            if dose.recipient_id is not None:  # Who was forgotten cannot be told apart.
                people.add(dose.recipient_id)
    return {
        "excursion": excursion_summary(excursion, unit_code, site.code),
        "lots": lots,
        "doses": sorted(doses, key=lambda one: (one["at"], one["id"])),
        "recipients": len(people),
        "as_of": now,
        "changes": changes_of_impact(session, excursion, site, spreads, places),
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
