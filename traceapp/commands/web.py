"""`traceapp web`: the pages and the API."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import Any

import click
from flask import Flask
from waitress import create_server

from config import Settings, load_settings
from traceapp.access.account import has_accounts
from traceapp.access.secret_key import require_some_key
from traceapp.app import create_app
from traceapp.commands.signin_link import ADMIN, new_link
from traceapp.db import Database, open_database
from traceapp.doors import utc_now
from traceapp.log import configure_log

_THREADS = 8
#: Above what we take, so that a body a little too large is answered by us and not by waitress.
_MOST_BYTES = 16 << 20


@click.command()
def web() -> None:
    """Serve the pages and the API on TRACEAPP_BIND until somebody ends it."""
    settings = load_settings(os.environ).require("database_url")
    configure_log("web")
    database = open_database(settings.database_url)
    with database.read() as session:
        require_some_key(session, settings)
    app = create_app(settings, database)
    for caution in settings.cautions():
        click.echo(f"traceapp: {caution}", err=True)
    server = _listen(app, settings)
    greet_the_first(settings, database)
    click.echo(f"traceapp: listening on {settings.bind}, reached at {settings.base_url}", err=True)
    signal.signal(signal.SIGTERM, _end)
    # What stands now stands until the end: to look through it again makes somebody wait 50 ms.
    gc.collect()
    gc.freeze()
    server.run()


def greet_the_first(settings: Settings, database: Database) -> None:
    """Print a one-time link where nobody has an account yet; there is no default account."""
    with database.read() as session:
        is_first = not has_accounts(session)
    if is_first:
        link = new_link(settings, database, ADMIN, utc_now())
        click.echo("Nobody has an account yet. Sign in as administrator, once, within an hour:")
        click.echo(f"  {link}")
        sys.stdout.flush()


def _listen(app: Flask, settings: Settings) -> Any:
    bind = settings.bind_address
    try:
        # Waitress writes no access log: a query may hold what nobody else should read.
        return create_server(
            app,
            host=bind.host,
            port=bind.port,
            threads=_THREADS,
            ident=None,
            max_request_body_size=_MOST_BYTES,
        )
    except (OSError, ValueError) as error:  # A port that is taken, a host that nobody knows.
        said = getattr(error, "strerror", None) or error
        message = f"Expected to listen on {settings.bind}, got: {said}"
        raise click.ClickException(message) from error


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Let waitress finish the requests it has begun."""
    raise SystemExit(0)
