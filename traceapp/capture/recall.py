"""Recording recalls, and which sites know of them: facts, each written once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.models.hold import Hold
from traceapp.models.recall import Recall, RecallAcknowledgement


def mark_recall(session: Session, hold: Hold, urgency: int) -> None:
    """Say of a new hold that it is a recall."""
    session.add(Recall(hold_id=hold.id, urgency=urgency))
    session.flush()


def acknowledge(
    session: Session, recall_id: int, site_id: int, actor: str, now: datetime
) -> tuple[datetime, bool]:
    """Note that a site knows; returns since when, and whether this was the first time."""
    row = {"recall_id": recall_id, "site_id": site_id, "at": now, "actor": actor}
    added = session.scalar(
        insert(session, RecallAcknowledgement)
        .values(row)
        .on_conflict_do_nothing()
        .returning(RecallAcknowledgement.site_id)
    )
    known = session.get_one(RecallAcknowledgement, (recall_id, site_id))
    return known.at, added is not None
