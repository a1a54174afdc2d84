"""Holds of lots, and the ends of holds: facts both."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Hold(Base):
    """That a lot may not be given in a division and below it, or at one site: a fact.

    An empty `division_code` is the whole country. `at` is when it was decided.
    """

    __tablename__ = "hold"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    at: Mapped[datetime]
    division_code: Mapped[str] = mapped_column(String(6))
    site_code: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(512))
    actor: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]


class HoldRelease(Base):
    """That one hold is over: a fact. Each hold has at most one."""

    __tablename__ = "hold_release"

    hold_id: Mapped[int] = mapped_column(ForeignKey("hold.id"), primary_key=True)
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(512))
    actor: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]
