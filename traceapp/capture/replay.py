"""Asking for refused messages again, after whatever was wrong has been put right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from traceapp.models.rejection import Rejection

#: Only these came with everything that it takes; over HTTP the client was answered at once.
_REPLAYABLE = Rejection.topic.startswith("coldchain/v1/", autoescape=True)


def ask_for_replay(
    session: Session, conditions: Sequence[ColumnElement[bool]], now: datetime
) -> int:
    """Let the line take the refused MQTT messages that fulfil all conditions once more.

    The ingester does it, soon, in the order of their refusal. Returns how many were asked for.
    """
    asked = session.execute(
        update(Rejection)
        .where(*conditions, _REPLAYABLE, Rejection.replayed_at.is_(None))
        .values(replay_asked_at=now)
        .returning(Rejection.id)
        .execution_options(synchronize_session=False)
    )
    return len(asked.all())
