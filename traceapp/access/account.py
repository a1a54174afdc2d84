"""Opening accounts: a name, a role, and a part of the country."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.access.visitor import ROLES
from traceapp.models.account import Account
from traceapp.models.site import Site
from traceapp.trace.scope import Scope

_NAME = re.compile(r"[\w.@ -]{1,64}")
_DIVISION = re.compile(r"([0-9]{6})?", re.ASCII)


class AccountRefused(ValueError):
    """An account that cannot be opened as asked; says what was expected."""


def open_account(session: Session, name: str, role: str, scope: Scope, now: datetime) -> Account:
    """Return the account of that name, opened now unless it exists with the same rights.

    Raises AccountRefused for a name that already stands for something else.
    """
    _check(session, name, role, scope)
    account = session.scalar(select(Account).where(Account.name == name))
    if account is None:
        account = Account(
            name=name,
            role=role,
            division_code=scope.division,
            site_code=scope.site,
            is_active=True,
            created_at=now,
        )
        session.add(account)
        session.flush()
    elif (account.role, scope_of(account)) != (role, scope):
        raise AccountRefused(f"Expected another name: {name} is already a {account.role}.")
    return account


def scope_of(account: Account) -> Scope:
    """Return the part of the country that an account sees."""
    return Scope(account.division_code, account.site_code)


def has_accounts(session: Session) -> bool:
    """Whether anybody can come in at all."""
    return bool(session.scalar(select(func.count()).select_from(Account)))


def _check(session: Session, name: str, role: str, scope: Scope) -> None:
    if not _NAME.fullmatch(name):
        raise AccountRefused(f"Expected a name of 1 to 64 letters, digits or . _ @ -, got {name}.")
    if role not in ROLES:
        raise AccountRefused(f"Expected one of {', '.join(ROLES)}, got {role}.")
    if not _DIVISION.fullmatch(scope.division):
        raise AccountRefused(f"Expected six digits of GB/T 2260, got {scope.division}.")
    if scope.site is None:
        if role == "vaccinator":
            raise AccountRefused("Expected a site: a vaccinator records the doses of one site.")
        return
    site = session.scalar(select(Site).where(Site.code == scope.site))
    if site is None:
        raise AccountRefused(f"Expected a site of the registry, got {scope.site}.")
    if not scope.sees_site(site.code, site.division_code):
        raise AccountRefused(f"Expected a site in {scope.division}, got {scope.site}.")
