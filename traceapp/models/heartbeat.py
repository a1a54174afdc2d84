"""That a process lives, and what it last said of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Heartbeat(Base):
    """The newest sign of life of a process: `ingest-1`, `alerts` …

    `detail` is what an operator asks next: is the broker connected, when was the last commit.
    """

    __tablename__ = "heartbeat"

    process: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
