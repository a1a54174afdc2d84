"""Corrections: that a fact was reported wrongly, said by another fact."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Correction(Base):
    """That the fact `code` corrects the fact `corrects`, found at `corrected_at`: a fact itself.

    `noun` is movement or dose. What is corrected may be heard of later, so neither is a foreign
    key. `within` is the division whose officer corrects, NULL for the site that reported it.
    """

    __tablename__ = "correction"
    __table_args__ = (
        UniqueConstraint("noun", "code"),
        Index("ix__correction__noun_corrects", "noun", "corrects"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    noun: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(64))
    corrects: Mapped[str] = mapped_column(String(64))
    corrected_at: Mapped[datetime]
    is_void: Mapped[bool]
    within: Mapped[str | None] = mapped_column(String(6))
    reason: Mapped[str | None] = mapped_column(String(512))
    recorded_at: Mapped[datetime]
