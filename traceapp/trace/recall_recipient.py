"""Who received a recalled lot where it is recalled, dose by dose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.trace.given import AT_ONCE, doses_with_people, line_of
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.recall_people import replacements
from traceapp.trace.recipient import masked
from traceapp.trace.scope import Scope

Show = Callable[[Recipient | None], dict[str, Any] | None]


def list_recall_doses(
    session: Session,
    scopes: tuple[Scope, Scope],
    lot: Lot,
    limit: int = 100,
    cursor: str | None = None,
    show: Show = masked,
) -> dict[str, Any]:
    """A page of who received a lot at sites in both scopes, newest first, masked unless told."""
    query = (
        select(Dose, Recipient, Site.code)
        .outerjoin(Recipient, Recipient.id == Dose.recipient_id)
        .join(Site, Site.id == Dose.site_id)
        .where(Dose.lot_id == lot.id, Dose.is_in_force, *(scope.sites() for scope in scopes))
    )
    query = newest_first(query, Dose.at, Dose.id, cursor)
    rows = session.execute(query.limit(limit + 1)).all()
    doses = [dose.id for dose, *_ in rows]
    given_again = replacements(lot, lambda dose: dose.id.in_(doses))
    again = dict(session.execute(given_again).all())
    return make_page(
        rows,
        limit,
        lambda row: {
            "id": row[0].code,
            "at": row[0].at,
            "site": row[2],
            "pack": row[0].pack_code,
            "dose_number": row[0].dose_number,
            "recipient": show(row[1]),
            "again_at": again.get(row[0].id),
        },
        lambda row: (format_moment(row[0].at), row[0].id),
    )


def stream_recall_doses(
    session: Session, scopes: tuple[Scope, Scope], lot: Lot, show: Callable[[Any], Any] = masked
) -> Iterator[dict[str, Any]]:
    """All of who received a lot at sites in both scopes, newest first, as the database tells them.

    The person's fields stand beside the dose's; there are none where the person was forgotten.
    """
    again = replacements(lot, lambda _: true()).subquery()
    query = (
        doses_with_people(lot, *scopes)
        .add_columns(again.c.again_at)
        .outerjoin(again, again.c.dose_id == Dose.id)
    )
    for row in session.execute(query, execution_options={"yield_per": AT_ONCE}):
        yield {**line_of(row, show), "again_at": row.again_at}
