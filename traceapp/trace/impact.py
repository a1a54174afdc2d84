"""The blast radius of an excursion: lots that were there, what is left, doses, people, sites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting
from traceapp.models.product import Product
from traceapp.models.site import Site
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rules.impact import Stock, Touched
from traceapp.rules.ledger import Account
from traceapp.trace.change import changes_of_impact
from traceapp.trace.excursion import excursion_summary
from traceapp.trace.exposure import Climate, exposure_document
from traceapp.trace.lot import name_of_lot, products_of
from traceapp.trace.place import Place, Places
from traceapp.trace.posting import GivenDose
from traceapp.trace.scope import Scope
from traceapp.trace.spread import Spread, follow_lots
from traceapp.watch.limit import limits_of_product


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
    present = lots_present(session, excursion)
    spreads = follow_lots(session, present, excursion)
    products = products_of(session, present)
    until = excursion.ended_at or max(now, excursion.started_at)
    left = {place for spread in spreads.values() for place in spread.touched.left}
    places.know_units({excursion.unit_id, *(place.unit for place in left if place.unit)})
    for lot in present:
        seen = _Seen(excursion, until, places, climate, products.get(lot.gtin))
        lots.append(_lot_document(session, lot, spreads[lot.id].touched, seen))
    given = [dose for lot in present for dose in _given(spreads[lot.id])]
    places.know_sites({dose.site_id for dose, _ in given})
    reached = [
        *(one for lot in present for one in _places(session, spreads[lot.id].touched, places)),
        *(places.site(site_id) for site_id in {dose.site_id for dose, _ in given}),
    ]
    sites = {place.site: place for place in reached}
    doses = [
        {
            "id": dose.code,
            "at": dose.at,
            "site": places.site(dose.site_id).site,
            "certainty": certainty,
        }
        for dose, certainty in given
    ]
    # Who was forgotten cannot be told apart.
    people = {dose.recipient_id for dose, _ in given if dose.recipient_id is not None}
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


def _given(spread: Spread) -> Iterator[tuple[GivenDose, str]]:
    """The doses that were, or may have been, exposed, each with its certainty."""
    for touched in spread.touched.doses:
        yield spread.doses[touched.key], touched.certainty


def lots_present(session: Session, excursion: Excursion) -> list[Lot]:
    """The lots of which something was in the unit during the episode, by number.

    Their stay overlaps it; or they came and went within it at one moment; or a part of what rode
    in the unit was received only after a first part had been, which ended the stay.
    """
    began, ended = excursion.started_at, excursion.ended_at
    stays = select(Stay.lot_id).where(
        Stay.unit_id == excursion.unit_id, or_(Stay.until_at.is_(None), Stay.until_at > began)
    )
    passed = select(Posting.lot_id).where(
        Posting.debit_unit_id == excursion.unit_id, Posting.at > began
    )
    later = (
        select(Stay.lot_id)
        .join(Posting, Posting.credit_shipment_id == Stay.shipment_id)
        .where(Stay.unit_id == excursion.unit_id, Stay.until_at <= began, Posting.at > began)
    )
    if ended is not None:
        stays, later = stays.where(Stay.from_at < ended), later.where(Stay.from_at < ended)
        passed = passed.where(Posting.at < ended)
    is_one = Lot.id.in_(stays.union(passed, later))
    return list(session.scalars(select(Lot).where(is_one).order_by(Lot.number)))


class _Seen(NamedTuple):
    """With what eyes a lot is looked at: an episode until a moment, and what is known already."""

    excursion: Excursion
    until: datetime
    places: Places
    climate: Climate
    product: Product | None


def _lot_document(session: Session, lot: Lot, touched: Touched, seen: _Seen) -> dict[str, Any]:
    limits, began = limits_of_product(seen.product), seen.excursion.started_at
    exposure = seen.climate.exposure(seen.excursion.unit_id, began, seen.until, limits)
    return {
        "lot": name_of_lot(lot, seen.product),
        "doses_present": touched.present,
        "doses_on_hand_now": sum(stock.exposed for stock in touched.left.values()),
        "where_now": [
            _where(session, account, stock, seen.places) for account, stock in touched.left.items()
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
