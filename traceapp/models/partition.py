"""Shares of the telemetry, and which process has each of them in hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Partition(Base):
    """The messages that the broker keeps for one `client_id`, and the lease on them.

    `holder` may write until somebody else has taken the partition, which raises `epoch`; from
    `held_until` on somebody may. Nobody holds it where `holder` is missing. The broker's session
    for `client_id` has the topic filters `subscribed`, and must not have those that are `dropped`.
    """

    __tablename__ = "partition"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    subscribed: Mapped[list[str]] = mapped_column(JSON, default=list)
    dropped: Mapped[list[str]] = mapped_column(JSON, default=list)
    holder: Mapped[str | None] = mapped_column(String(255))
    epoch: Mapped[int] = mapped_column(BigInteger, default=0)
    taken_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
