"""The shipments of a lot in pages: how much left, how much came, and how warm it was between."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting
from traceapp.models.site import Site
from traceapp.rows import among
from traceapp.rules.ledger import LEAVING
from traceapp.trace.exposure import Climate, exposure_document
from traceapp.trace.lot import LotRecord
from traceapp.trace.page import decode_moment_cursor, make_page
from traceapp.trace.place import Places
from traceapp.trace.scope import Scope

#: How many a page has unless somebody says.
SHIPMENTS = 100


def list_shipments(
    session: Session,
    scope: Scope,
    record: LotRecord,
    now: datetime,
    limit: int = SHIPMENTS,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of a lot's shipments from or to sites in scope, the oldest first.

    Of one that is on its way the exposure is that until `now`. Raises CursorInvalid.
    """
    rows = session.execute(_asking(scope, record.lot.id, cursor).limit(limit + 1)).all()
    shown = rows[:limit]
    documents = dict(
        zip((row.id for row in shown), _documents(session, record, shown, now), strict=True)
    )
    return make_page(
        rows,
        limit,
        lambda row: documents[row.id],
        lambda row: (format_moment(row.at), row.id),
    )


def _asking(scope: Scope, lot_id: int, cursor: str | None) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            Movement.id,
            Movement.code,
            Movement.at,
            Movement.doses,
            Movement.site_id,
            Movement.to_site_id,
            Movement.carrier_id,
        )
        .where(Movement.lot_id == lot_id, Movement.step.in_(LEAVING), Movement.is_in_force)
        .order_by(Movement.at, Movement.id)
    )
    if not scope.is_country:
        inside = select(Site.id).where(scope.sites())
        query = query.where(or_(Movement.site_id.in_(inside), Movement.to_site_id.in_(inside)))
    if cursor is not None:
        at, row = decode_moment_cursor(cursor)
        query = query.where(or_(Movement.at > at, and_(Movement.at == at, Movement.id > row)))
    return query


def _documents(
    session: Session, record: LotRecord, rows: Sequence[Any], now: datetime
) -> Sequence[dict[str, Any]]:
    places, climate, limits = Places(session), Climate(session), record.limits
    places.know_sites({site for row in rows for site in (row.site_id, row.to_site_id) if site})
    places.know_units({row.carrier_id for row in rows if row.carrier_id})
    arrived = _arrivals(session, [row.id for row in rows])
    until = {row.id: ride_ended_at(row.at, arrived.get(row.id, (None,))[0], now) for row in rows}
    climate.look(((row.carrier_id, row.at, until[row.id]) for row in rows), limits)
    documents = []
    for row in rows:
        received_at, received = arrived.get(row.id, (None, 0))
        exposure = climate.exposure(row.carrier_id, row.at, until[row.id], limits)
        documents.append(
            {
                "id": row.code,
                "from": places.site(row.site_id).site,
                "to": places.site(row.to_site_id).site,
                "carrier": places.unit(row.carrier_id).unit if row.carrier_id else None,
                "shipped_at": row.at,
                "received_at": received_at,
                "doses_shipped": row.doses,
                "doses_received": received,
                "exposure": exposure_document(exposure, limits),
            }
        )
    return documents


def ride_ended_at(shipped_at: datetime, received_at: datetime | None, now: datetime) -> datetime:
    """Until when the carrier tells of a shipment: its first receipt, or now."""
    return received_at if received_at is not None else max(now, shipped_at)


def _arrivals(session: Session, shipment_ids: Collection[int]) -> dict[int, tuple[datetime, int]]:
    """When the first of a shipment arrived, and how much of it in all; by the shipment's row."""
    rows = session.execute(
        select(Posting.credit_shipment_id, func.min(Posting.at), func.sum(Posting.doses))
        .where(among(session, Posting.credit_shipment_id, shipment_ids))
        .where(Posting.step == "receiving")
        .group_by(Posting.credit_shipment_id)
    )
    return {row[0]: (row[1], int(row[2])) for row in rows if row[0] is not None}
