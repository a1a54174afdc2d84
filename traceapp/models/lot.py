"""Lots and their smallest packs."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Lot(Base):
    """A batch of one product; its source is known once somebody commissioned it."""

    __tablename__ = "lot"
    __table_args__ = (UniqueConstraint("gtin", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    gtin: Mapped[str] = mapped_column(String(14))
    number: Mapped[str] = mapped_column(String(64), index=True)
    made_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    release: Mapped[str | None] = mapped_column(String(64))


class Pack(Base):
    """A pack, or a case of packs, as some movement named it.

    `key` is the same however the code was written or scanned; `code` is as it first came.
    """

    __tablename__ = "pack"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(String(192), unique=True)
    code: Mapped[str] = mapped_column(String(128))


class PackMovement(Base):
    """That a movement named a pack: the pack's own way through the house.

    `code` is what the movement wrote, where that is not how the pack first came.
    """

    __tablename__ = "pack_movement"

    pack_id: Mapped[int] = mapped_column(ForeignKey("pack.id"), primary_key=True)
    movement_id: Mapped[int] = mapped_column(
        ForeignKey("movement.id"), primary_key=True, index=True
    )
    code: Mapped[str | None] = mapped_column(String(128))
