"""What the ledger finds wrong, derived from movements and doses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Finding(Base):
    """What is wrong with a fact as the record stands; it goes when the missing fact comes.

    `at` and `site_id` are the fact's own.
    """

    __tablename__ = "finding"
    __table_args__ = (Index("ix__finding__lot_id_site_id_at", "lot_id", "site_id", "at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    at: Mapped[datetime]
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"), index=True)
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
