"""Which processes live, for `/readyz` and the overview."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.heartbeat import Heartbeat


@dataclass(frozen=True, slots=True)
class Pulse:
    """The newest sign of life of a process, and its age in seconds."""

    process: str
    at: datetime
    age_s: float
    detail: dict[str, Any]


def list_pulses(session: Session, now: datetime) -> list[Pulse]:
    """Every process that ever gave a sign of life, the newest first.

    An ingester's detail: `kind` "ingest", `is_connected` (to the broker), `last_commit_at`
    (RFC 3339, or null before the first), `stored` and `rejected` since it started.
    The alert sender's: `kind` "alerts", `has_server`, `sent` and `failed` since it started.
    """
    rows = session.scalars(select(Heartbeat).order_by(Heartbeat.at.desc()))
    return [Pulse(row.process, row.at, (now - row.at).total_seconds(), row.detail) for row in rows]
