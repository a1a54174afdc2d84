"""What is wrong with the way of a single pack, derived from movements and doses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class PackFinding(Base):
    """That a dose, a movement or a packing cannot be of this pack; it goes with the missing fact.

    `lot_id` is the fact's own, or the pack's, and may be missing. Of a pack in two places, `left_`
    is where it had been, when, and of which lot. `is_explained` where a shipment of that lot that
    named no packs may have taken it along: then it is no finding, as long as that shipment stands.
    """

    __tablename__ = "pack_finding"
    __table_args__ = (
        Index("ix__pack_finding__left", "left_lot_id", "left_site_id", "is_explained"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    pack_key: Mapped[str] = mapped_column(String(192), index=True)
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"), index=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    at: Mapped[datetime]
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"), index=True)
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"), index=True)
    packing_id: Mapped[int | None] = mapped_column(ForeignKey("packing.id"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    left_site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    left_at: Mapped[datetime | None]
    left_lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    is_explained: Mapped[bool] = mapped_column(default=False, server_default=false())
