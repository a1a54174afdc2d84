"""The e-mails that say that a recall is over: to whoever an e-mail about it reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from traceapp.capture.outbox import Owed, owe
from traceapp.models.hold import HoldRelease
from traceapp.models.outbox import RECALL, RECALL_OVER, REMINDER, Outbox, OutboxSite
from traceapp.watch.recall import Campaign


def recalls_untold() -> Select[int]:
    """The query for recalls that are over, of which somebody was told and does not know so.

    An e-mail that was in hand when its recall ended may leave after that.
    """
    return (
        select(Outbox.about_id)
        .join(HoldRelease, HoldRelease.hold_id == Outbox.about_id)
        .where(_is_told(), ~_knows())
        .distinct()
        .order_by(Outbox.about_id)
    )


def owe_end(session: Session, campaign: Campaign, now: datetime) -> int:
    """Owe everybody who was told of a recall one e-mail that it is over; returns how many."""
    rows = session.execute(
        select(Outbox.email, func.max(Outbox.id))
        .where(_is_told(), ~_knows(), campaign.is_mailed())
        .group_by(Outbox.email)
        .order_by(Outbox.email)
    ).all()
    count = 0
    for email, newest in rows:
        language = session.get_one(Outbox, newest).language
        told = (
            select(OutboxSite.site_id)
            .join(Outbox, Outbox.id == OutboxSite.outbox_id)
            .where(campaign.is_mailed(), Outbox.email == email, Outbox.sent_at.is_not(None))
        )
        owed = Owed(RECALL_OVER, campaign.id, email, language)
        count += owe(session, owed, set(session.scalars(told)), now)
    return count


def _is_told() -> ColumnElement[bool]:
    return and_(Outbox.kind.in_((RECALL, REMINDER)), Outbox.sent_at.is_not(None))


def _knows() -> ColumnElement[bool]:
    over = aliased(Outbox)
    return (
        select(over.id)
        .where(
            over.kind == RECALL_OVER,
            over.about_id == Outbox.about_id,
            over.email == Outbox.email,
        )
        .correlate(Outbox)
        .exists()
    )
