"""Forward: from a lot to every place it went, what is left of it, and who received it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.dose import Dose, Recipient
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.ledger import Account, Posting, balance
from traceapp.trace.exposure import Climate, exposure_document, limits_of
from traceapp.trace.finding import finding
from traceapp.trace.hold import findings_in_spite, hold_documents
from traceapp.trace.lot import is_made, load_postings, lot_document, source_document
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.place import Places
from traceapp.trace.reach import find_lot_within
from traceapp.trace.recipient import masked
from traceapp.trace.scope import Scope

_SUMS = ("administered", "wasted", "destroyed", "sampled", "adjusted", "unexplained")


def trace_lot(session: Session, scope: Scope, gtin: str, number: str) -> dict[str, Any] | None:
    """The `lot trace` of the contract; None for a lot that never was at a site in scope.

    Below the country only what touches sites in scope is listed; the balance is the lot's.
    """
    lot = find_lot_within(session, scope, gtin, number)
    if lot is None:
        return None
    postings = load_postings(session, lot.id)
    seen = _sites_of(session, lot, postings)
    inside = {site.id for site in seen if scope.sees_site(site.code, site.division_code)}
    places, total = Places(session), lot_balance(postings)
    return {
        "lot": lot_document(session, lot),
        "source": source_document(session, lot),
        "shipments": _shipments(session, lot, postings, places, inside),
        "holdings": _holdings(session, postings, places, inside),
        "balance": total,
        "doses_administered": total["administered"],
        "sites": [
            {"code": site.code, "name": site.name, "division": site.division_code}
            for site in seen
            if site.id in inside
        ],
        "holds": hold_documents(session, lot.id, scope),
        "findings": [
            *findings_in_spite(session, lot.id, scope),
            *_findings(session, lot, places, inside),
        ],
    }


def lot_balance(postings: list[Posting]) -> dict[str, int]:
    """The `balance` of the contract, in doses.

    `made` is the sum of all others but `received`, which counts what shipments brought. What
    a count found too much, or nobody can explain, came from nowhere and is negative.
    """
    accounts = balance(postings)

    def held(kind: str) -> int:
        return sum(doses for account, doses in accounts.items() if account.kind == kind)

    return {
        "made": -held("made"),
        "received": sum(
            posting.doses
            for posting in postings
            if posting.debit.kind == "unit" and posting.credit.kind == "in_transit"
        ),
        "on_hand": held("unit"),
        "in_transit": held("in_transit"),
        **{kind: held(kind) for kind in _SUMS},
    }


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
        .where(Dose.lot_id == lot.id, scope.sites())
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


def _sites_of(session: Session, lot: Lot, postings: list[Posting]) -> list[Site]:
    units = {
        account.unit
        for posting in postings
        for account in (posting.credit, posting.debit)
        if account.unit is not None
    }
    at_units = select(Unit.site_id).where(Unit.id.in_(units))
    on_the_way = select(Movement.to_site_id).where(
        Movement.lot_id == lot.id, Movement.to_site_id.is_not(None)
    )
    given = select(Dose.site_id).where(Dose.lot_id == lot.id)
    # What a site sent without having it lay at no unit of its own, and is found there.
    found = select(Finding.site_id).where(Finding.lot_id == lot.id)
    wanted = or_(*(Site.id.in_(sites) for sites in (at_units, on_the_way, given, found)))
    return list(session.scalars(select(Site).where(wanted).order_by(Site.code)))


def _shipments(
    session: Session, lot: Lot, postings: list[Posting], places: Places, inside: set[int]
) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Movement, Unit.site_id)
        .join(Unit, Unit.id == Movement.from_unit_id)
        .where(Movement.lot_id == lot.id, Movement.to_site_id.is_not(None))
        .order_by(Movement.at, Movement.id)
    ).all()
    limits, climate = limits_of(session, lot.gtin), Climate(session)
    documents = []
    for movement, from_site in rows:
        if inside.isdisjoint((from_site, movement.to_site_id)):
            continue
        arrivals = [one for one in postings if one.credit.shipment == movement.id]
        received_at = arrivals[0].at if arrivals else None
        exposure = climate.exposure(
            movement.carrier_id, movement.at, received_at or movement.at, limits
        )
        documents.append(
            {
                "id": movement.code,
                "from": places.site(from_site).site,
                "to": places.site(movement.to_site_id or from_site).site,
                "carrier": places.unit(movement.carrier_id).unit if movement.carrier_id else None,
                "shipped_at": movement.at,
                "received_at": received_at,
                "doses_shipped": movement.doses,
                "doses_received": sum(one.doses for one in arrivals),
                "exposure": exposure_document(exposure, limits),
            }
        )
    return documents


def _holdings(
    session: Session, postings: list[Posting], places: Places, inside: set[int]
) -> list[dict[str, Any]]:
    held: list[tuple[Account, int]] = [
        (account, doses)
        for account, doses in balance(postings).items()
        if account.unit is not None and doses
    ]
    rows = session.execute(
        select(Unit.id, Unit.site_id).where(Unit.id.in_([one.unit for one, _ in held]))
    )
    home = {row.id: row.site_id for row in rows}
    documents = [
        {
            "site": places.unit(account.unit).site,
            "unit": places.unit(account.unit).unit,
            "doses": doses,
        }
        for account, doses in held
        if account.unit is not None and home[account.unit] in inside
    ]
    return sorted(documents, key=lambda one: (str(one["site"]), str(one["unit"])))


def _findings(session: Session, lot: Lot, places: Places, inside: set[int]) -> list[dict[str, Any]]:
    found = []
    if not is_made(session, lot):
        found.append({**finding("lot_unknown"), "site": None, "movement": None, "dose": None})
    rows = session.execute(
        select(Finding, Movement.code, Dose.code)
        .outerjoin(Movement, Movement.id == Finding.movement_id)
        .outerjoin(Dose, Dose.id == Finding.dose_id)
        .where(Finding.lot_id == lot.id)
        .order_by(func.coalesce(Movement.at, Dose.at), Finding.code, Finding.id)
        .limit(1_000)
    ).all()
    for row, movement, dose in rows:
        if row.site_id in inside:
            site = places.site(row.site_id).site
            found.append(
                {
                    **finding(row.code, **row.detail),
                    "site": site,
                    "movement": movement,
                    "dose": dose,
                }
            )
    return found
