"""The audit, newest first: who read or changed what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.account import Account, Audit
from traceapp.models.division import is_within
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.scope import Scope


@dataclass(frozen=True, slots=True)
class WantedLines:
    """Which lines of the audit; None asks for all."""

    actor: str | None = None
    action: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


def list_audit(
    session: Session,
    scope: Scope,
    wanted: WantedLines,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of lines; below the country only those of accounts that lie inside the scope.

    What the command line and the first link did is seen by those who see the whole country.
    """
    query = newest_first(
        select(Audit).where(*_conditions(scope, wanted)), Audit.at, Audit.id, cursor
    )
    rows = session.scalars(query.limit(limit + 1)).all()
    return make_page(rows, limit, _document, lambda row: (format_moment(row.at), row.id))


def _conditions(scope: Scope, wanted: WantedLines) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if not scope.is_country:
        inside = select(Account.name).where(is_within(Account.division_code, scope.division))
        if scope.site is not None:
            inside = inside.where(Account.site_code == scope.site)
        conditions.append(Audit.actor.in_(inside))
    if wanted.actor is not None:
        conditions.append(Audit.actor == wanted.actor)
    if wanted.action is not None:
        conditions.append(Audit.action == wanted.action)
    if wanted.begin is not None:
        conditions.append(Audit.at >= wanted.begin)
    if wanted.end is not None:
        conditions.append(Audit.at < wanted.end)
    return conditions


def _document(row: Audit) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "object": row.object,
        "detail": row.detail,
    }
