"""Packs put into cases and taken out again, as it was reported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Packing(Base):
    """That packs went into a case, a box or a pallet, or came out of it: a fact.

    `is_all` where all that was in it came out.
    """

    __tablename__ = "packing"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int] = mapped_column(ForeignKey("pack.id"), index=True)
    is_all: Mapped[bool]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    document: Mapped[str | None] = mapped_column(String(64))
    operator: Mapped[str | None]
    digest: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]


class PackingPack(Base):
    """That a packing named a pack, or a case that went into a larger one."""

    __tablename__ = "packing_pack"

    packing_id: Mapped[int] = mapped_column(ForeignKey("packing.id"), primary_key=True)
    pack_id: Mapped[int] = mapped_column(ForeignKey("pack.id"), primary_key=True, index=True)
