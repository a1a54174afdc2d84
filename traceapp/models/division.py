"""Administrative divisions of China, GB/T 2260."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Division(Base):
    """A province, city or county; its parent follows from its six digits."""

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
