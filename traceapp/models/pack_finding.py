"""What is wrong with the way of a single pack, derived from movements and doses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class PackFinding(Base):
    """That a dose or a movement cannot be of this pack; it goes when the missing fact comes.

    `lot_id` is the fact's own, and may be missing for a dose.
    """

    __tablename__ = "pack_finding"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    pack_key: Mapped[str] = mapped_column(String(192), index=True)
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    at: Mapped[datetime]
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"), index=True)
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
