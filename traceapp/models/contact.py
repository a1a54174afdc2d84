"""People who are told."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Contact(Base):
    """An address that hears of excursions in a division and below it."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("email", "division_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None]
    division_code: Mapped[str] = mapped_column(String(6), index=True)
    language: Mapped[str] = mapped_column(String(2), default="zh")
    level: Mapped[str] = mapped_column(String(8), default="alarm")
