"""Vaccine products as the registry describes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Product(Base):
    """A product by its GTIN-14: limits of storage, sensitivity, VVM type and budget."""

    __tablename__ = "product"

    gtin: Mapped[str] = mapped_column(String(14), primary_key=True)
    name: Mapped[str]
    name_en: Mapped[str | None]
    manufacturer: Mapped[str | None]
    doses_per_pack: Mapped[int] = mapped_column(default=1)
    min_celsius: Mapped[float] = mapped_column(default=2.0)
    max_celsius: Mapped[float] = mapped_column(default=8.0)
    is_freeze_sensitive: Mapped[bool] = mapped_column(default=True)
    vvm: Mapped[str | None] = mapped_column(String(8))
    budget: Mapped[dict[str, Any] | None] = mapped_column(JSON)
