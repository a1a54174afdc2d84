"""Refused messages once more: through the same line, one transaction each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.decode import decode
from ingest.record import record
from traceapp.capture.lease import LeaseLost
from traceapp.db import Database
from traceapp.log import where
from traceapp.models.rejection import Rejection

#: So many at one turn: what comes from the broker must not wait behind what was refused long ago.
MOST_REPLAYS = 100

log = structlog.get_logger("ingest.replay")


def replay(database: Database, clock: Callable[[], datetime], most: int = MOST_REPLAYS) -> int:
    """Take again what somebody asked for; returns how many messages are no longer refused.

    One that is refused again keeps its row, with one more count, and is not asked for any more.
    """
    with database.read() as session:
        waiting = session.scalars(
            select(Rejection.id)
            .where(Rejection.replay_asked_at.is_not(None))
            .order_by(Rejection.id)
            .limit(most)
        ).all()
    taken = sum(_replay(database, rejection_id, clock()) for rejection_id in waiting)
    if waiting:
        log.info("replayed", asked=len(waiting), taken=taken)
    return taken


def _replay(database: Database, rejection_id: int, now: datetime) -> bool:
    try:
        with database.begin() as session:
            return _take(session, rejection_id, now)
    except LeaseLost:
        raise
    except Exception as error:  # noqa: BLE001 - see below, and nothing is hidden: it is logged
        # What broke the line once may break it again, and must not do so at every start. Where
        # the database itself is away this raises too, and the message is still asked for.
        with database.begin() as session:
            session.get_one(Rejection, rejection_id).replay_asked_at = None
        log.error("replay_failed", error=type(error).__name__, where=where(error))
        return False


def _take(session: Session, rejection_id: int, now: datetime) -> bool:
    row = session.get_one(Rejection, rejection_id, with_for_update=True)
    if row.replay_asked_at is None:  # Another ingester was faster.
        return False
    row.replay_asked_at = None
    if hashlib.sha256(row.payload).hexdigest() != row.sha256:  # It was too long to keep whole.
        return False
    attempt = session.begin_nested()
    [outcome] = record(session, [decode(row.topic.encode(), row.payload)], now)
    if outcome.refusals:  # The row that is there says it already, also for an item of a list.
        attempt.rollback()
        row.replay_asked_at, row.last_at, row.times = None, now, row.times + 1
        return False
    row.replayed_at = now
    return True
