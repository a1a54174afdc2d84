"""Movements as they were reported."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, text, true
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey

#: That a movement was stored where it lay, or sent to or received from the own site.
GOES_NOWHERE = "from_unit_id = to_unit_id OR site_id = from_site_id OR site_id = to_site_id"


class Movement(Base):
    """One reported step of a lot: a fact, never altered.

    `is_in_force` is derived: false once a newer correction stands instead of it. `not_packs` are
    those of its codes of packs that name a lot or a product, and no single pack.
    """

    __tablename__ = "movement"
    __table_args__ = (
        Index("ix__movement__lot_id_at", "lot_id", "at"),
        # Few are doubtful by what they say alone; the list of findings asks for them each time.
        Index(
            "ix__movement__goes_nowhere",
            "lot_id",
            postgresql_where=text(GOES_NOWHERE),
            sqlite_where=text(GOES_NOWHERE),
        ),
        Index(
            "ix__movement__not_packs",
            "lot_id",
            postgresql_where=text("not_packs IS NOT NULL"),
            sqlite_where=text("not_packs IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(String(16))
    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"))
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
    made_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    release: Mapped[str | None] = mapped_column(String(64))
    not_packs: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    is_in_force: Mapped[bool] = mapped_column(default=True, server_default=true())
    digest: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]
