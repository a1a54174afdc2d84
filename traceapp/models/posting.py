"""The ledger's postings, derived from movements and doses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Posting(Base):
    """A debit and a credit in one row, so that every lot sums to zero by construction.

    An account is a kind and, where the kind has places, the place: `unit` has a unit,
    `in_transit` has the shipment (a movement). Derived from movements and doses.
    """

    __tablename__ = "posting"
    __table_args__ = (
        Index("ix__posting__debit", "debit_unit_id", "lot_id"),
        Index("ix__posting__credit", "credit_unit_id", "lot_id"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    at: Mapped[datetime]
    doses: Mapped[int] = mapped_column(BigKey)
    credit: Mapped[str] = mapped_column(String(16))
    credit_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    credit_shipment_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    debit: Mapped[str] = mapped_column(String(16))
    debit_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    debit_shipment_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"), index=True)
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"), index=True)
