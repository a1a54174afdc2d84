"""Secrets that stand for accounts: bearer tokens, links that sign in once, sessions.

Only the SHA-256 of a secret is kept: it holds 256 random bits, so a slow hash adds nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from traceapp.access.account import scope_of
from traceapp.access.visitor import Visitor
from traceapp.models.account import Account, Token

#: What a secret begins with, so that people and scanners of leaked secrets can tell it.
PREFIXES = {"bearer": "cct_", "link": "ccl_", "session": "ccs_"}
LINK_LIFETIME = timedelta(hours=1)


def digest(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def issue(
    session: Session, account: Account, kind: str, now: datetime, lifetime: timedelta | None = None
) -> str:
    """Return a new secret for an account; it cannot be read again afterwards."""
    secret = PREFIXES[kind] + secrets.token_urlsafe(32)
    session.add(
        Token(
            account_id=account.id,
            kind=kind,
            digest=digest(secret),
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
        )
    )
    session.flush()
    return secret


def find(session: Session, secret: str, kind: str, now: datetime) -> tuple[Token, Account] | None:
    """Return the live token and the active account that a secret stands for."""
    if not secret.startswith(PREFIXES[kind]):
        return None
    row = session.execute(
        select(Token, Account)
        .join(Account, Account.id == Token.account_id)
        .where(
            Token.digest == digest(secret),
            Token.kind == kind,
            Token.revoked_at.is_(None),
            (Token.expires_at.is_(None)) | (Token.expires_at > now),
            Account.is_active,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def visitor_of_bearer(session: Session, secret: str, now: datetime) -> Visitor | None:
    """Return who presents a bearer token, or None where it is not a live one."""
    found = find(session, secret, "bearer", now)
    if found is None:
        return None
    _, account = found
    return Visitor(account.id, account.name, account.role, scope_of(account))


def use_link(session: Session, secret: str, now: datetime) -> Account | None:
    """Use up a one-time link; of two that try at the same moment one gets the account."""
    found = find(session, secret, "link", now)
    if found is None:
        return None
    token, account = found
    used = session.execute(
        update(Token).where(Token.id == token.id, Token.used_at.is_(None)).values(used_at=now)
    )
    assert isinstance(used, CursorResult)
    return account if used.rowcount == 1 else None
