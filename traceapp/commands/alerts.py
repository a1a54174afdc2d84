"""`traceapp alerts`: send the e-mails that excursions and recalls owe."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial

import click
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from config import Settings, load_settings
from traceapp.alerts.attempt import Letterhead
from traceapp.alerts.outbox import count_waiting, take_up_again
from traceapp.alerts.recall import owe_recalls
from traceapp.alerts.sender import LOOK_EVERY_S, Sender
from traceapp.alerts.smtp import MailServer
from traceapp.capture.recall_alert import Rhythm
from traceapp.db import Database, open_database
from traceapp.log import configure_log, one_line
from traceapp.stop import until_told

_DATABASE_REST_S = 5.0

log = structlog.get_logger("alerts")


@click.command()
@click.option("--again", is_flag=True, help="First take up what was refused for good.")
def alerts(again: bool) -> None:
    """Send alert e-mails until SIGTERM.

    Without TRACEAPP_SMTP_URL e-mails stay in the outbox, and the pages say so.
    """
    settings = load_settings(os.environ).require("database_url")
    configure_log("alerts")
    is_over = until_told()
    database = open_database(settings.database_url)
    mailer = MailServer(settings.mail_server) if settings.smtp_url else None
    head = Letterhead(settings.mail_from, settings.base_url)
    owe = partial(owe_recalls, _rhythm(settings))
    sender = Sender(database, mailer, head, lambda: datetime.now(UTC), owe)
    if again:
        _take_up_again(database)
    _say_hello(database, mailer)
    while not is_over.is_set():
        rest_s = LOOK_EVERY_S
        try:
            sender.turn(is_over.is_set)
        except (OperationalError, InterfaceError) as error:
            log.error("database_unavailable", error=one_line(error))
            rest_s = _DATABASE_REST_S
        is_over.wait(rest_s)
    sender.close()
    database.close()
    log.info("stopped", sent=sender.sent)


def _rhythm(settings: Settings) -> Rhythm:
    return Rhythm(
        timedelta(hours=float(settings.recall_reminder_hours)),
        timedelta(hours=float(settings.recall_repeat_hours)),
    )


def _take_up_again(database: Database) -> None:
    """Have the refused e-mails sent once more: the address or the server was mended."""
    with database.begin() as session:
        count = take_up_again(session, datetime.now(UTC))
    log.info("taken_up_again", count=count)


def _say_hello(database: Database, mailer: MailServer | None) -> None:
    """Say how many e-mails wait; a database that is not ours to read ends the command here."""
    with database.read() as session:
        waiting = count_waiting(session)
    if mailer is None:
        click.echo(
            "TRACEAPP_SMTP_URL is not set: "
            f"e-mails stay in the outbox ({waiting} there now) and the pages say so.",
            err=True,
        )
    log.info("started", has_server=mailer is not None, waiting=waiting)
