"""Sessions of browsers: a row each on our side, an opaque cookie on theirs."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from traceapp.access.account import scope_of
from traceapp.access.token import digest, find, issue
from traceapp.access.visitor import Visitor
from traceapp.models.account import Account, Token

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
#: A session's last use is written down at most this often: reading must not mean writing.
TOUCH_EVERY = timedelta(minutes=1)


def start_session(session: Session, account: Account, now: datetime) -> str:
    """Return the secret of a new session for the cookie."""
    return issue(session, account, "session", now, ABSOLUTE)


def visitor_of_session(
    session: Session, secret: str, now: datetime
) -> tuple[Visitor, datetime] | None:
    """Return who a session belongs to and when it was last used; None for a stale one."""
    found = find(session, secret, "session", now)
    if found is None:
        return None
    token, account = found
    seen_at = token.used_at or token.created_at
    if now - seen_at > IDLE:
        return None
    visitor = Visitor(account.id, account.name, account.role, scope_of(account), token.digest)
    return visitor, seen_at


def touch_session(session: Session, session_digest: str, now: datetime) -> None:
    """Write down that a session was used."""
    session.execute(update(Token).where(Token.digest == session_digest).values(used_at=now))


def end_session(session: Session, secret: str, now: datetime) -> None:
    """Sign out: the secret is worth nothing from now on."""
    session.execute(update(Token).where(Token.digest == digest(secret)).values(revoked_at=now))
