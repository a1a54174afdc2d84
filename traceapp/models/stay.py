"""When lots lay where, derived from movements."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Stay(Base):
    """When a lot lay in a unit or rode in a carrier: [from_at, until_at), open while it does.

    Derived from movements; excursions are joined with it. `site_id` is the site of the unit, or
    the one that sent the carrier.
    """

    __tablename__ = "stay"
    __table_args__ = (
        Index("ix__stay__unit_id_from_at", "unit_id", "from_at"),
        Index("ix__stay__lot_id_site_id", "lot_id", "site_id"),
        Index("ix__stay__lot_id_unit_id", "lot_id", "unit_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
