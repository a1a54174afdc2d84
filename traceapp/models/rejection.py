"""What was refused, and what contradicted what was already known."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Rejection(Base):
    """A message, or one item of it, that was refused: kept whole, with the reason.

    `topic` is the MQTT topic, or `POST /api/v1/…` where it came over HTTP. `replayed_at` is when
    it was taken in after all.
    """

    __tablename__ = "rejection"
    __table_args__ = (UniqueConstraint("topic", "sha256", "reason", "field"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    topic: Mapped[str] = mapped_column(String(512))
    site_code: Mapped[str | None] = mapped_column(String(64), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(128), default="")
    expected: Mapped[str] = mapped_column(String(256), default="")
    got: Mapped[str] = mapped_column(String(256), default="")
    sha256: Mapped[str] = mapped_column(String(64))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    times: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    replay_asked_at: Mapped[datetime | None] = mapped_column(index=True)
    replayed_at: Mapped[datetime | None]


class Conflict(Base):
    """A second, different content for a fact already known; the first one stands.

    `noun` is reading, movement, dose …; `key` names the fact (`SENSOR@MOMENT`, or its id).
    """

    __tablename__ = "conflict"
    __table_args__ = (UniqueConstraint("noun", "key", "digest"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    noun: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(128))
    site_code: Mapped[str | None] = mapped_column(String(64), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    kept: Mapped[dict[str, Any]] = mapped_column(JSON)
    came: Mapped[dict[str, Any]] = mapped_column(JSON)
    first_at: Mapped[datetime]
