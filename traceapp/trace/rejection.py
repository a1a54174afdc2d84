"""What was refused, newest first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.rejection import Rejection
from traceapp.models.site import Site
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.scope import Scope


def list_rejections(
    session: Session, scope: Scope, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """A page of refusals; below the country only those that name a site in scope."""
    query = select(Rejection).where(is_visible(scope, Rejection.site_code))
    query = newest_first(query, Rejection.last_at, Rejection.id, cursor)
    rows = session.scalars(query.limit(limit + 1)).all()
    return make_page(
        rows, limit, rejection_document, lambda row: (format_moment(row.last_at), row.id)
    )


def rejection_document(row: Rejection) -> dict[str, Any]:
    """A refusal without its payload, which may hold anything."""
    return {
        "id": str(row.id),
        "topic": row.topic,
        "site": row.site_code,
        "reason": row.reason,
        "field": row.field,
        "expected": row.expected,
        "got": row.got,
        "sha256": row.sha256,
        "bytes": len(row.payload),
        "times": row.times,
        "first_at": row.first_at,
        "last_at": row.last_at,
        "replayed_at": row.replayed_at,
    }


def is_visible(scope: Scope, column: Any) -> ColumnElement[bool]:
    """The condition that a row which names its site in `column` lies in the scope."""
    if scope.is_country:
        return true()
    condition: ColumnElement[bool] = column.in_(select(Site.code).where(scope.sites()))
    return condition
