"""Administered doses and the people who received them, kept apart."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Recipient(Base):
    """A person: sealed, found by a keyed index, shown masked.

    `key_id` names the key of both, the seal and the index; they change together.
    """

    __tablename__ = "recipient"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    document_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    document_masked: Mapped[str] = mapped_column(String(64))
    name_masked: Mapped[str | None] = mapped_column(String(64))
    key_id: Mapped[str] = mapped_column(String(16), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Dose(Base):
    """A dose that was given: a fact, never refused for its findings.

    `pack_code` is what was reported; `pack_key` is the pack that it names, however written.
    `digest` is of all that was said but the person. `person_digest` is of the person, under a
    salt that is sealed with it. A dose without `recipient_id` outlived its person's record.
    `is_in_force` is derived: false once a newer correction stands instead of it. So is `lot_id`
    without `is_lot_told`: it is the lot with which movements name the pack, as far as they agree.
    """

    __tablename__ = "dose"
    __table_args__ = (
        Index("ix__dose__lot_id_at", "lot_id", "at"),
        Index("ix__dose__lot_id_site_id_at", "lot_id", "site_id", "at"),
        Index(
            "ix__dose__of_no_lot",
            "pack_key",
            postgresql_where=text("lot_id IS NULL"),
            sqlite_where=text("lot_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    lot_id: Mapped[int | None] = mapped_column(ForeignKey("lot.id"))
    is_lot_told: Mapped[bool] = mapped_column(default=True, server_default=true())
    pack_code: Mapped[str | None] = mapped_column(String(128))
    pack_key: Mapped[str | None] = mapped_column(String(192), index=True)
    recipient_id: Mapped[int | None] = mapped_column(ForeignKey("recipient.id"), index=True)
    dose_number: Mapped[int | None]
    vaccinator: Mapped[str | None] = mapped_column(String(64))
    route: Mapped[str | None] = mapped_column(String(64))
    body_site: Mapped[str | None] = mapped_column(String(64))
    is_in_force: Mapped[bool] = mapped_column(default=True, server_default=true())
    digest: Mapped[str] = mapped_column(String(64))
    person_digest: Mapped[str | None] = mapped_column(String(64))
    person_findings: Mapped[str | None] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
