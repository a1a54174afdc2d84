"""All who received a lot, one after the other as the database tells them.

However many there are, no more than some hundreds are in memory at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.trace.recipient import masked
from traceapp.trace.scope import Scope

AT_ONCE = 500


def doses_with_people(lot: Lot, *scopes: Scope) -> Select[*tuple[Any, ...]]:
    """The query for who received a lot at sites in all these scopes, newest first."""
    return (
        select(
            Dose.code.label("id"),
            Dose.at,
            Site.code.label("site"),
            Dose.pack_code,
            Dose.dose_number,
            Dose.recipient_id,
            Recipient.document_index,
            Recipient.key_id,
            Recipient.sealed,
            Recipient.document_masked,
            Recipient.name_masked,
        )
        .join(Site, Site.id == Dose.site_id)
        .outerjoin(Recipient, Recipient.id == Dose.recipient_id)
        .where(Dose.lot_id == lot.id, Dose.is_in_force, *(scope.sites() for scope in scopes))
        .order_by(Dose.at.desc(), Dose.id.desc())
    )


def line_of(row: Any, show: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any]:
    """A row of `doses_with_people`: the person's fields beside the dose's, unless forgotten."""
    person = show(None if row.recipient_id is None else row)
    dose = {"id": row.id, "at": row.at, "site": row.site, "pack": row.pack_code}
    return {**dose, "dose_number": row.dose_number, **(person or {})}


def stream_lot_doses(
    session: Session,
    scope: Scope,
    lot: Lot,
    show: Callable[[Any], dict[str, Any] | None] = masked,
) -> Iterator[dict[str, Any]]:
    """Who received a lot at the sites in scope, newest first, masked unless told."""
    query = doses_with_people(lot, scope)
    for row in session.execute(query, execution_options={"yield_per": AT_ONCE}):
        yield line_of(row, show)
