"""The ledger's postings, derived from movements and doses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Posting(Base):
    """A debit and a credit in one row, so that every lot sums to zero by construction.

    An account is a kind and, where the kind has places, the place: `unit` has a unit,
    `in_transit` has the shipment (a movement). Derived from movements and doses. `site_id` is
    the site whose fact it follows from, `step` what that fact was: a movement's step, or `dose`.
    """

    __tablename__ = "posting"
    __table_args__ = (
        Index("ix__posting__lot_id_site_id_at", "lot_id", "site_id", "at"),
        Index(
            "ix__posting__movement_id",
            "movement_id",
            postgresql_where=text("movement_id IS NOT NULL"),
            sqlite_where=text("movement_id IS NOT NULL"),
        ),
        # Upstream, from where a lot is to what brought it there; doses are in none of these.
        Index(
            "ix__posting__debit_unit_id_lot_id",
            "debit_unit_id",
            "lot_id",
            postgresql_where=text("debit_unit_id IS NOT NULL"),
            sqlite_where=text("debit_unit_id IS NOT NULL"),
        ),
        Index(
            "ix__posting__debit_shipment_id",
            "debit_shipment_id",
            postgresql_where=text("debit_shipment_id IS NOT NULL"),
            sqlite_where=text("debit_shipment_id IS NOT NULL"),
        ),
        Index(
            "ix__posting__credit_shipment_id",
            "credit_shipment_id",
            postgresql_where=text("credit_shipment_id IS NOT NULL"),
            sqlite_where=text("credit_shipment_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(String(16))
    doses: Mapped[int] = mapped_column(BigKey)
    credit: Mapped[str] = mapped_column(String(16))
    credit_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    credit_shipment_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    debit: Mapped[str] = mapped_column(String(16))
    debit_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    debit_shipment_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"))
