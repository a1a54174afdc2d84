"""Signs of life: a process says in the database that it lives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.models.heartbeat import Heartbeat


def beat(session: Session, process: str, now: datetime, detail: dict[str, Any]) -> None:
    """Note that `process` lives at `now`; `detail` is JSON for whoever asks further."""
    row = {"process": process, "at": now, "detail": detail}
    statement = insert(session, Heartbeat).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["process"], set_={"at": now, "detail": detail}
        )
    )


def end(session: Session, process: str) -> None:
    """Take the sign of life back: the process has ended as it should."""
    session.execute(delete(Heartbeat).where(Heartbeat.process == process))
