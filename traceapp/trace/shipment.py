"""One shipment: what left, each receipt of it, what came back, and what is still on its way."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting
from traceapp.rules.ledger import LEAVING
from traceapp.trace.exposure import Climate, exposure_document, limits_of
from traceapp.trace.lot import lot_document
from traceapp.trace.movement import findings_of_movements
from traceapp.trace.place import Places
from traceapp.trace.scope import Scope
from traceapp.trace.shipped import ride_ended_at

#: What a receiver may say of a delivery, by the document that came with it, but that it went back.
_BROKEN = ("wasting", "destroying", "sampling")


def shipment_document(
    session: Session, scope: Scope, code: str, now: datetime
) -> dict[str, Any] | None:
    """What became of a shipment; None where none of that id is to be seen.

    Its sender sees it and its receiver. What arrived is what the ledger booked out of it: a
    receipt may answer several shipments, and a shipment have several receipts.
    """
    row = session.scalar(select(Movement).where(Movement.code == code, Movement.step.in_(LEAVING)))
    if row is None:
        return None
    places, ends = Places(session), [site for site in (row.site_id, row.to_site_id) if site]
    sites = [places.site(site) for site in ends]
    if not any(scope.sees_site(one.site, one.division) for one in sites):
        return None
    lot = session.get_one(Lot, row.lot_id)
    receipts = _receipts(session, row, places)
    received = sum(one["of_this"] for one in receipts)
    left = row.doses - received if row.is_in_force else 0
    facts = [row.code, *(one["id"] for one in receipts)]
    return {
        "id": row.code,
        "step": row.step,
        "lot": lot_document(session, lot),
        "from": sites[0].site,
        "to": sites[-1].site,
        "carrier": places.unit(row.carrier_id).unit if row.carrier_id else None,
        "document": row.document,
        "shipped_at": row.at,
        "in_force": row.is_in_force,
        "state": _state(row, received),
        "doses_shipped": row.doses,
        "doses_received": received,
        "doses_on_the_way": left,
        "on_the_way_since": row.at if left else None,
        "receipts": receipts,
        "reported": _reported(session, row, set(facts)),
        "exposure": _exposure(session, row, lot, receipts, now),
        "findings": findings_of_movements(session, facts),
    }


def _state(row: Movement, received: int) -> str:
    if not row.is_in_force:
        return "not_in_force"
    if received >= row.doses:
        return "received"
    return "partly_received" if received else "on_the_way"


def _receipts(session: Session, row: Movement, places: Places) -> list[dict[str, Any]]:
    """The receipts that the ledger booked out of a shipment, the first one first."""
    found = session.execute(
        select(Movement, func.sum(Posting.doses))
        .join(Posting, Posting.movement_id == Movement.id)
        .where(
            Movement.lot_id == row.lot_id,
            Movement.site_id == row.to_site_id,
            Movement.step == "receiving",
            Posting.credit_shipment_id == row.id,
        )
        .group_by(Movement.id)
        .order_by(Movement.at, Movement.code)
    )
    return [
        {
            "id": receipt.code,
            "at": receipt.at,
            "unit": places.unit(receipt.to_unit_id).unit if receipt.to_unit_id else None,
            "document": receipt.document,
            "doses": receipt.doses,
            "of_this": int(doses),
        }
        for receipt, doses in found
    ]


def _reported(session: Session, row: Movement, known: set[str]) -> list[dict[str, Any]]:
    """What the receiver reported of the delivery by its document: returned, broken, sampled."""
    if row.document is None:
        return []
    sent = select(Movement.id).where(
        Movement.lot_id == row.lot_id,
        Movement.to_site_id == row.to_site_id,
        Movement.document == row.document,
        Movement.step.in_(LEAVING),
        Movement.is_in_force,
        Movement.id != row.id,
    )
    is_ours = and_(Movement.step == "returning", Movement.to_site_id == row.site_id)
    if session.scalar(sent.limit(1)) is None:
        # Of two shipments under one number nobody can say which one broke: it is told of neither.
        is_ours = or_(is_ours, Movement.step.in_(_BROKEN))
    found = session.scalars(
        select(Movement)
        .where(
            Movement.lot_id == row.lot_id,
            Movement.site_id == row.to_site_id,
            Movement.document == row.document,
            Movement.at >= row.at,
            Movement.is_in_force,
            is_ours,
        )
        .order_by(Movement.at, Movement.code)
    )
    return [
        {"id": one.code, "at": one.at, "step": one.step, "doses": one.doses, "reason": one.reason}
        for one in found
        if one.code not in known
    ]


def _exposure(
    session: Session, row: Movement, lot: Lot, receipts: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    """What the lot lived through from its departure to the first receipt, or to now."""
    limits = limits_of(session, lot.gtin)
    until = ride_ended_at(row.at, receipts[0]["at"] if receipts else None, now)
    return exposure_document(
        Climate(session).exposure(row.carrier_id, row.at, until, limits), limits
    )
