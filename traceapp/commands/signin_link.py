"""`traceapp signin-link`: a link that signs a person in once."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import datetime

import click
from sqlalchemy import select

from config import Settings, load_settings
from traceapp.access.account import open_account
from traceapp.access.audit import audit
from traceapp.access.token import LINK_LIFETIME, issue
from traceapp.db import Database, open_database
from traceapp.doors import utc_now
from traceapp.models.account import Account
from traceapp.trace.scope import Scope

#: The account that the first link opens.
ADMIN = "admin"


@click.command("signin-link")
@click.argument("name", default=ADMIN)
def signin_link(name: str) -> None:
    """Print a link that signs NAME in once, within an hour (default: the administrator)."""
    settings = load_settings(os.environ).require("database_url")
    with closing(open_database(settings.database_url)) as database:
        click.echo(new_link(settings, database, name, utc_now()))


def new_link(settings: Settings, database: Database, name: str, now: datetime) -> str:
    """Return a new one-time link for an account; the administrator's is opened where needed."""
    with database.begin() as session:
        account = session.scalar(select(Account).where(Account.name == name, Account.is_active))
        if account is None and name != ADMIN:
            raise click.ClickException(f"Expected the name of an account, got {name}.")
        account = account or open_account(session, ADMIN, "admin", Scope(), now)
        secret = issue(session, account, "link", now, LINK_LIFETIME)
        audit(session, "command line", "sign-in link", account.name, now)
    return f"{settings.base_url.rstrip('/')}/sign-in?link={secret}"
