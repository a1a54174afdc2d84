"""Movements as they were reported, and what the ledger made of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Movement(Base):
    """One reported step of a lot: a fact, never altered."""

    __tablename__ = "movement"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(String(16))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    doses: Mapped[int] = mapped_column(BigKey)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    from_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    to_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    from_site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    to_site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"))
    carrier_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    document: Mapped[str | None] = mapped_column(String(64))
    operator: Mapped[str | None]
    reason: Mapped[str | None]
    witnesses: Mapped[list[str] | None] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]


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


class Stay(Base):
    """When a lot lay in a unit or rode in a carrier: [from_at, until_at), open while it does.

    Derived from movements; excursions are joined with it.
    """

    __tablename__ = "stay"
    __table_args__ = (Index("ix__stay__unit_id_from_at", "unit_id", "from_at"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    shipment_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class Finding(Base):
    """What is wrong with a fact as the record stands; it goes when the missing fact comes."""

    __tablename__ = "finding"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("site.id"), index=True)
    movement_id: Mapped[int | None] = mapped_column(ForeignKey("movement.id"), index=True)
    dose_id: Mapped[int | None] = mapped_column(ForeignKey("dose.id"), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
