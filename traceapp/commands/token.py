"""`traceapp token`: secrets for programs."""

from __future__ import annotations

import os
from contextlib import closing

import click
from sqlalchemy import select, update

from config import load_settings
from traceapp.access.account import AccountRefused, open_account
from traceapp.access.audit import audit
from traceapp.access.token import issue
from traceapp.access.visitor import ROLES
from traceapp.db import open_database
from traceapp.doors import utc_now
from traceapp.models.account import Account, Token
from traceapp.trace.scope import Scope


@click.group()
def token() -> None:
    """Tokens of people and programs."""


@token.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--division", default="", metavar="CODE", help="GB/T 2260; none is the country.")
@click.option("--site", default=None, metavar="CODE", help="One site in that division.")
def create(name: str, role: str, division: str, site: str | None) -> None:
    """Print a new bearer token for NAME once; only its SHA-256 is kept."""
    settings = load_settings(os.environ).require("database_url")
    now = utc_now()
    with closing(open_database(settings.database_url)) as database, database.begin() as session:
        try:
            account = open_account(session, name, role, Scope(division, site), now)
        except AccountRefused as refused:
            raise click.ClickException(str(refused)) from refused
        secret = issue(session, account, "bearer", now)
        audit(session, "command line", "token", account.name, now, {"role": role})
    click.echo(secret)


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End every token, link and session of NAME."""
    settings = load_settings(os.environ).require("database_url")
    now = utc_now()
    with closing(open_database(settings.database_url)) as database, database.begin() as session:
        account = session.scalar(select(Account).where(Account.name == name))
        if account is None:
            raise click.ClickException(f"Expected the name of an account, got {name}.")
        of_account = (Token.account_id == account.id, Token.revoked_at.is_(None))
        session.execute(update(Token).where(*of_account).values(revoked_at=now))
        audit(session, "command line", "revoke", account.name, now)
    click.echo(f"Every token of {name} has ended.")
