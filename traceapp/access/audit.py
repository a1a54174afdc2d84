"""Writing down who read or changed what, in the transaction of the act itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from traceapp.models.account import Audit


def audit(
    session: Session,
    actor: str,
    action: str,
    about: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one line to the audit: `about` names what was read or changed, never a person."""
    session.add(Audit(at=now, actor=actor, action=action, object=about[:256], detail=detail))
