"""Forward: from a lot to every place it went, what is left of it, and who received it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.dose import Dose, Recipient
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.models.stock import Stock, Turnover
from traceapp.models.unit import Unit
from traceapp.rows import among
from traceapp.rules.ledger import LEAVING
from traceapp.trace.finding import finding, finding_of_dose
from traceapp.trace.hold import findings_in_spite, findings_of_holds, hold_documents
from traceapp.trace.lot import LotRecord, name_of_lot, record_of_lot, source_of_lot
from traceapp.trace.lot_finding import findings_of_lot
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.place import Places
from traceapp.trace.reach import find_lot_within
from traceapp.trace.recipient import masked
from traceapp.trace.scope import Scope
from traceapp.trace.shipped import SHIPMENTS, list_shipments

_SUMS = ("administered", "wasted", "destroyed", "sampled", "adjusted", "unexplained")


def trace_lot(
    session: Session,
    scope: Scope,
    gtin: str,
    number: str,
    now: datetime,
    limit: int = SHIPMENTS,
    cursor: str | None = None,
) -> dict[str, Any] | None:
    """The `lot trace` of the contract; None for a lot that never was at a site in scope.

    `balance` and `doses_administered` are of the whole lot, wherever it is. All else is of sites
    in scope, and so is `balance_within`; what is on the way lies at no site. Of
    the shipments it has a page of at most `limit`; `next` is the cursor of those after them.
    Findings about no dose and no movement say what the lot is now. Raises CursorInvalid.
    """
    lot = find_lot_within(session, scope, gtin, number)
    if lot is None:
        return None
    seen = _sites_of(session, lot)
    inside = {site.id for site in seen if scope.sees_site(site.code, site.division_code)}
    places, total, record = Places(session), lot_balance(session, lot), record_of_lot(session, lot)
    shipments = list_shipments(session, scope, record, now, limit, cursor)
    return {
        "lot": name_of_lot(lot, record.product),
        "source": source_of_lot(lot, record.product),
        "shipments": shipments["items"],
        "next": shipments["next"],
        "holdings": _holdings(session, lot, inside),
        "balance": total,
        "balance_within": total if scope.is_country else _balance_within(session, lot, inside),
        "doses_administered": total["administered"],
        "sites": [
            {"code": site.code, "name": site.name, "division": site.division_code}
            for site in seen
            if site.id in inside
        ],
        "holds": hold_documents(session, lot.id, scope),
        "findings": [
            *_findings_now(session, record, scope, now),
            *findings_in_spite(session, lot.id, scope),
            *_findings_of_facts(session, lot, places, inside),
        ],
    }


def lot_balance(
    session: Session, lot: Lot, site_ids: Collection[int] | None = None
) -> dict[str, int]:
    """The `balance` of the contract, in doses; of some sites where they are named.

    `made` is the sum of all others but `received`, which counts what shipments brought. What
    a count found too much, or nobody can explain, came from nowhere and is negative.
    """
    names = ("made", "received", "shipped", *_SUMS)
    sums = [func.coalesce(func.sum(getattr(Turnover, name)), 0) for name in names]
    turnover = select(*sums).where(Turnover.lot_id == lot.id)
    stock = select(func.sum(Stock.doses)).where(Stock.lot_id == lot.id)
    if site_ids is not None:
        turnover = turnover.where(among(session, Turnover.site_id, site_ids))
        stock = stock.where(among(session, Stock.site_id, site_ids))
    row = session.execute(turnover).one()
    total = {name: int(doses) for name, doses in zip(names, row, strict=True)}
    return {
        "made": total["made"],
        "received": total["received"],
        "on_hand": int(session.scalar(stock) or 0),
        "in_transit": total["shipped"] - total["received"],
        **{name: total[name] for name in _SUMS},
    }


def _balance_within(session: Session, lot: Lot, inside: set[int]) -> dict[str, int | None]:
    """The balance of the sites in scope; what is on the way is at no site."""
    return {**lot_balance(session, lot, inside), "in_transit": None}


def list_lot_doses(
    session: Session,
    scope: Scope,
    lot: Lot,
    limit: int = 100,
    cursor: str | None = None,
    show: Callable[[Recipient | None], dict[str, Any] | None] = masked,
) -> dict[str, Any]:
    """A page of who received a lot at the sites in scope, newest first, masked unless told."""
    query = (
        select(Dose, Recipient, Site.code)
        .outerjoin(Recipient, Recipient.id == Dose.recipient_id)
        .join(Site, Site.id == Dose.site_id)
        .where(Dose.lot_id == lot.id, Dose.is_in_force, scope.sites())
    )
    query = newest_first(query, Dose.at, Dose.id, cursor)
    rows = session.execute(query.limit(limit + 1)).all()
    return make_page(
        rows,
        limit,
        lambda row: _recipient_document(row, show(row[1])),
        lambda row: (format_moment(row[0].at), row[0].id),
    )


def _recipient_document(row: Any, person: dict[str, Any] | None) -> dict[str, Any]:
    dose, _, site = row
    return {
        "id": dose.code,
        "at": dose.at,
        "site": site,
        "pack": dose.pack_code,
        "dose_number": dose.dose_number,
        "recipient": person,
    }


def _sites_of(session: Session, lot: Lot) -> list[Site]:
    """The sites that reported something of a lot, or that some was sent to, as far as it stands.

    A site all of whose reports were withdrawn keeps its sums: they are nothing.
    """
    rows = session.execute(
        select(Site, Turnover.newest_at)
        .join(Turnover, Turnover.site_id == Site.id)
        .where(Turnover.lot_id == lot.id)
        .order_by(Site.code)
    ).all()
    silent = {site.id for site, newest_at in rows if newest_at is None}
    awaiting = _sent_to(session, lot, silent) if silent else set()
    return [site for site, _ in rows if site.id not in silent or site.id in awaiting]


def _sent_to(session: Session, lot: Lot, site_ids: set[int]) -> set[int]:
    """Those of these sites that some of a lot was sent to."""
    sent = select(Movement.to_site_id).where(
        Movement.lot_id == lot.id, Movement.step.in_(LEAVING), Movement.is_in_force
    )
    found = session.scalars(sent.where(among(session, Movement.to_site_id, site_ids)).distinct())
    return {site_id for site_id in found if site_id is not None}


def _holdings(session: Session, lot: Lot, inside: set[int]) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Site.id, Site.code, Unit.code, Stock.doses)
        .join(Unit, Unit.id == Stock.unit_id)
        .join(Site, Site.id == Stock.site_id)
        .where(Stock.lot_id == lot.id, Stock.doses != 0)
    )
    documents = [
        {"site": site, "unit": unit, "doses": doses}
        for site_id, site, unit, doses in rows
        if site_id in inside
    ]
    return sorted(documents, key=lambda one: (str(one["site"]), str(one["unit"])))


def _findings_now(
    session: Session, record: LotRecord, scope: Scope, now: datetime
) -> list[dict[str, Any]]:
    """What the lot is now: nobody made it, expired, held, recalled. It is about no fact."""
    found = findings_of_lot(record.lot, record.is_made, now)
    found += findings_of_holds(session, record.lot.id, scope)
    return [{**one, "site": None, "movement": None, "dose": None} for one in found]


def _findings_of_facts(
    session: Session, lot: Lot, places: Places, inside: set[int]
) -> list[dict[str, Any]]:
    """What the ledger found in doses and movements, the oldest first."""
    rows = session.execute(
        select(Finding, Movement.code, Dose.code)
        .outerjoin(Movement, Movement.id == Finding.movement_id)
        .outerjoin(Dose, Dose.id == Finding.dose_id)
        .where(Finding.lot_id == lot.id)
        .order_by(func.coalesce(Movement.at, Dose.at), Finding.code, Finding.id)
        .limit(1_000)
    ).all()
    return [
        {
            **(finding_of_dose if dose else finding)(row.code, **row.detail),
            "site": places.site(row.site_id).site,
            "movement": movement,
            "dose": dose,
        }
        for row, movement, dose in rows
        if row.site_id in inside
    ]
