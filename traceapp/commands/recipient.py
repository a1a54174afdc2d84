"""`traceapp recipients`: the people who received doses."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from datetime import date

import click

from config import load_settings
from traceapp.access.audit import audit
from traceapp.capture.forgetting import (
    KEPT_YEARS,
    Forgotten,
    count_forgettable,
    count_undated,
    forget_some,
    last_day_kept,
)
from traceapp.db import Database, open_database
from traceapp.doors import utc_now
from traceapp.rules.calendar import CHINA

_BATCH = 200


@click.group()
def recipients() -> None:
    """The people who received doses."""


@recipients.command()
@click.option("--years", type=click.IntRange(KEPT_YEARS, 100), default=KEPT_YEARS,
              show_default=True, help="Years since the last of their lots expired.")  # fmt: skip
@click.option("--for-good", is_flag=True, help="Do it; without this it is only counted.")
def forget(years: int, for_good: bool) -> None:
    """Delete people whose every lot expired more than YEARS years ago; their doses stay.

    Whoever has a dose of a lot of which nobody knows when it expires stays, too. It may be killed
    at any moment and begun again.
    """
    settings = load_settings(os.environ).require("database_url")
    before = last_day_kept(utc_now().astimezone(CHINA).date(), years)
    with closing(open_database(settings.database_url)) as database:
        with database.read() as session:
            wanted = count_forgettable(session, before)
            undated = count_undated(session, before)
        done = _forget_all(database, before, wanted.recipients) if for_good else wanted
    verb = "forgotten" if for_good else "to be forgotten"
    click.echo(
        f"{done.recipients} people with {done.doses} doses {verb}: "
        f"every lot of theirs expired before {before}."
    )
    if undated:
        click.echo(f"{undated} people stay because nobody knows when a lot of theirs expires.")
    if not for_good:
        click.echo("Nothing was changed. To do it: --for-good")


def _forget_all(database: Database, before: date, count: int) -> Forgotten:
    people = doses = after = 0
    with click.progressbar(length=count, label="Forgetting", file=sys.stderr) as bar:
        while True:
            begun = time.monotonic()
            with database.begin() as session:
                done = forget_some(session, before, after, _BATCH)
                if done.recipients:
                    detail = {"recipients": done.recipients, "doses": done.doses}
                    said = f"lots expired before {before}"
                    audit(session, "command line", "forget recipients", said, utc_now(), detail)
            if done.last is None:
                return Forgotten(None, people, doses)
            people, doses, after = people + done.recipients, doses + done.doses, done.last
            bar.update(done.recipients)
            if database.is_sqlite:  # Its writers take turns: whoever records a dose must get one.
                time.sleep(time.monotonic() - begun)
