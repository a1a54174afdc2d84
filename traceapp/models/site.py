"""Places that hold vaccine."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Site(Base):
    """A manufacturer, distributor, CDC, clinic or station; it lies in a division."""

    __tablename__ = "site"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    type: Mapped[str] = mapped_column(String(16))
    division_code: Mapped[str] = mapped_column(String(6), index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
