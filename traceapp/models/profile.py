"""Profiles of a country, a division or a site, beside the presets that ship with the software."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Profile(Base):
    """One version of a profile's rules and where it holds: [from_at, until_at).

    An empty `division_code` without a `site_code` is the whole country. A version is never
    altered: what an excursion was judged by stays readable.
    """

    __tablename__ = "profile"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), index=True)
    division_code: Mapped[str] = mapped_column(String(6), default="")
    site_code: Mapped[str | None] = mapped_column(String(64))
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    from_at: Mapped[datetime | None]
    until_at: Mapped[datetime | None]
