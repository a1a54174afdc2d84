"""Excursions as documents: newest first, with what was said of them before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.models.division import is_within
from traceapp.models.excursion import ABOUT_VACCINE, Excursion, ExcursionRevision
from traceapp.models.outbox import EXCURSION, Outbox, is_about
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.scope import Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which episodes somebody asks for: those that overlap [from_at, until_at).

    They are about vaccine, or with `is_health` about the sensors themselves.

    Withdrawn ones are shown only where `state` asks for them.
    """

    unit: str | None = None
    site: str | None = None
    division: str | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    state: str | None = None
    is_health: bool = False

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What a row must fulfil."""
        yield ~ABOUT_VACCINE if self.is_health else ABOUT_VACCINE
        if self.state is None:
            yield Excursion.state != "withdrawn"
        else:
            yield Excursion.state == self.state
        if self.unit is not None:
            yield Unit.code == self.unit
        if self.site is not None:
            yield Site.code == self.site
        if self.division is not None:
            yield is_within(Site.division_code, self.division)
        if self.from_at is not None:
            yield or_(Excursion.ended_at.is_(None), Excursion.ended_at > self.from_at)
        if self.until_at is not None:
            yield Excursion.started_at < self.until_at


def list_excursions(
    session: Session,
    scope: Scope,
    wanted: Wanted,
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Any]:
    """A page of episodes, newest first."""
    query = _visible(scope).where(*wanted.conditions())
    query = newest_first(query, Excursion.started_at, Excursion.id, cursor)
    rows = session.execute(query.limit(limit + 1)).all()
    return make_page(
        rows,
        limit,
        lambda row: excursion_summary(row[0], row[1], row[2]),
        lambda row: (format_moment(row[0].started_at), row[0].id),
    )


def excursion_document(session: Session, scope: Scope, excursion_id: int) -> dict[str, Any] | None:
    """One episode with its revisions and its e-mails; None where it is not to be seen."""
    row = session.execute(_visible(scope).where(Excursion.id == excursion_id)).one_or_none()
    if row is None:
        return None
    revisions = session.scalars(
        select(ExcursionRevision)
        .where(ExcursionRevision.excursion_id == excursion_id)
        .order_by(ExcursionRevision.revision)
    )
    mails = session.scalars(
        select(Outbox).where(is_about(EXCURSION, excursion_id)).order_by(Outbox.id)
    )
    return {
        **excursion_summary(row[0], row[1], row[2]),
        "revisions": [
            {"revision": one.revision, "revised_at": one.revised_at, **one.content}
            for one in revisions
        ],
        "mails": [_mail(mail) for mail in mails],
    }


def excursion_summary(row: Excursion, unit: str, site: str) -> dict[str, Any]:
    """The `excursion` of the contract."""
    return {
        "id": str(row.id),
        "unit": unit,
        "site": site,
        "rule": row.rule,
        "level": row.level,
        "side": row.side,
        "state": row.state,
        "started_at": row.started_at,
        "triggered_at": row.triggered_at,
        "ended_at": row.ended_at,
        "peak_celsius": row.peak_celsius,
        "limit_celsius": row.limit_celsius,
        "minutes": row.minutes,
        "unknown_minutes": row.unknown_minutes,
        "revision": row.revision,
        "late": row.is_late,
        "found_at": row.found_at,
    }


def _visible(scope: Scope) -> Any:
    return (
        select(Excursion, Unit.code, Site.code)
        .join(Unit, Unit.id == Excursion.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(scope.sites())
    )


def _mail(mail: Outbox) -> dict[str, Any]:
    state = "sent" if mail.sent_at else "given_up" if mail.given_up_at else "waiting"
    return {
        "email": mail.email,
        "state": state,
        "due_at": mail.due_at,
        "sent_at": mail.sent_at,
        "attempts": mail.attempts,
        "last_error": mail.last_error,
    }
