"""What an ingester does about silence, in one transaction, as tests that are not about it need."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from traceapp.capture.silence import find_silent, open_silences


def notice_silence(session: Session, now: datetime) -> int:
    """Open an episode for every sensor that has been silent too long; returns how many."""
    return open_silences(session, find_silent(session, now), now)
