"""E-mails that must leave."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey

#: What stands for an error where nothing failed: later readings took the episode back.
WITHDRAWN = "withdrawn"
_IS_WAITING = text("sent_at IS NULL AND given_up_at IS NULL")


class Outbox(Base):
    """One e-mail about one excursion to one contact: written with the excursion, sent after it.

    `claimed_until` is the lease of the sender that has it in hand; a crash lets it lapse and
    another sender repeats the e-mail. `given_up_at` is set when the server refused for good, or
    when the episode turned out not to have been: then `last_error` is WITHDRAWN.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("excursion_id", "email"),
        Index(
            "ix__outbox__due_at", "due_at", postgresql_where=_IS_WAITING, sqlite_where=_IS_WAITING
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    excursion_id: Mapped[int] = mapped_column(ForeignKey("excursion.id"))
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]


def is_waiting() -> ColumnElement[bool]:
    """The condition that an e-mail has not left and was not given up."""
    return and_(Outbox.sent_at.is_(None), Outbox.given_up_at.is_(None))


def is_failed() -> ColumnElement[bool]:
    """The condition that an e-mail should have left and could not."""
    return and_(Outbox.given_up_at.is_not(None), Outbox.last_error.is_distinct_from(WITHDRAWN))
