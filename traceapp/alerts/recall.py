"""What recalls come to owe by the passing of time, and by what is heard of late."""

from __future__ import annotations

from datetime import datetime

from traceapp.capture.recall_alert import Rhythm, owe_recall, recalls_that_owe
from traceapp.db import Database


def owe_recalls(rhythm: Rhythm, database: Database, now: datetime) -> int:
    """Owe e-mails to new holders and reminders to silent ones; returns how many.

    Mostly there are none: then nobody who writes is kept out.
    """
    with database.read() as session:
        owing = recalls_that_owe(session, rhythm, now)
    count = 0
    for recall_id in owing:
        with database.begin() as session:
            count += owe_recall(session, recall_id, rhythm, now)
    return count
