"""Storage units and the rules that held for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Unit(Base):
    """A cold room, refrigerator, freezer, cold box or vehicle of a site."""

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    type: Mapped[str] = mapped_column(String(16))


class UnitProfile(Base):
    """Which profile judged a unit from when until when: [from_at, until_at).

    A missing `from_at` means since ever, a missing `until_at` means still.
    """

    __tablename__ = "unit_profile"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    profile: Mapped[str] = mapped_column(String(64))
    from_at: Mapped[datetime | None]
    until_at: Mapped[datetime | None]
