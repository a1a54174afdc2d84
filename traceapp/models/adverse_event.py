"""Adverse events following immunization, each against a dose."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class AdverseEvent(Base):
    """What was reported after a dose: a fact; a correction is another one that names it.

    `sealed` is the report in words, under the key that `key_id` names; both are missing where
    nothing was said in words, or the person was forgotten. `digest` is of all the rest.
    """

    __tablename__ = "adverse_event"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    dose_id: Mapped[int] = mapped_column(ForeignKey("dose.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("adverse_event.id"), unique=True)
    onset_at: Mapped[datetime]
    events: Mapped[list[str]] = mapped_column(JSON)
    seriousness: Mapped[list[str]] = mapped_column(JSON)
    outcome: Mapped[str] = mapped_column(String(32))
    died_on: Mapped[date | None]
    reporter: Mapped[str] = mapped_column(String(32))
    reported_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(String(64))
    key_id: Mapped[str | None] = mapped_column(String(16), index=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
