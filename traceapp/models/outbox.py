"""E-mails that must leave."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Outbox(Base):
    """One e-mail about one excursion to one contact: written with the excursion, sent after it.

    `claimed_until` is the lease of the sender that has it in hand; a crash lets it lapse and
    another sender repeats the e-mail. `given_up_at` is set when the server refused for good.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("excursion_id", "email"),
        Index("ix__outbox__sent_at_due_at", "sent_at", "due_at"),
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
