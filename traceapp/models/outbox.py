"""E-mails that must leave."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey

#: What an e-mail is about: an excursion, a recall, a recall that somebody has not answered yet, or
#: one that is over.
EXCURSION, RECALL, REMINDER = "excursion", "recall", "recall_reminder"
RECALL_OVER = "recall_over"
#: What stands for an error where nothing failed: what was to be said is no longer true.
WITHDRAWN = "withdrawn"
_IS_WAITING = text("sent_at IS NULL AND given_up_at IS NULL")


class Outbox(Base):
    """One e-mail about something to one contact: written with what it is about, sent after it.

    `kind` and `about_id` name what that is: the key of an excursion, or of a recall. `nth` counts
    the e-mails of a kind about one thing to one address, from 0. `owed_at` is when it was written,
    `due_at` when it is to be tried next. `claimed_until` is the lease of the sender that has it
    in hand; a crash lets it lapse and another sender repeats the e-mail. `given_up_at` is set when
    the server refused for good, or when what it says is no longer true: then `last_error` is
    WITHDRAWN.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("kind", "about_id", "email", "nth"),
        Index(
            "ix__outbox__due_at", "due_at", postgresql_where=_IS_WAITING, sqlite_where=_IS_WAITING
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    about_id: Mapped[int] = mapped_column(BigKey)
    nth: Mapped[int] = mapped_column(default=0)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    owed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]


class OutboxSite(Base):
    """That an e-mail tells of a site."""

    __tablename__ = "outbox_site"

    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True, index=True)


def is_about(kind: str, about_id: Any) -> ColumnElement[bool]:
    """The condition that an e-mail is of a kind and about one thing."""
    return and_(Outbox.kind == kind, Outbox.about_id == about_id)


def is_waiting() -> ColumnElement[bool]:
    """The condition that an e-mail has not left and was not given up."""
    return and_(Outbox.sent_at.is_(None), Outbox.given_up_at.is_(None))


def is_failed() -> ColumnElement[bool]:
    """The condition that an e-mail should have left and could not."""
    return and_(Outbox.given_up_at.is_not(None), Outbox.last_error.is_distinct_from(WITHDRAWN))
