"""`traceapp keys`: the secret keys under which recipients are sealed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing

import click
from sqlalchemy.exc import IntegrityError, OperationalError

from config import load_settings
from traceapp.access.audit import audit
from traceapp.access.secret_key import require_first_key
from traceapp.capture.resealing import Resealed, count_under, reseal_some, reseal_texts
from traceapp.db import Database, open_database, trouble_of
from traceapp.doors import utc_now
from traceapp.trace.recipient import count_by_key
from traceapp.vault import Vault, find_vault, open_vault

_BATCH = 200
#: Rows that others held, or wrote under an earlier key meanwhile, are taken in a further pass.
_MOST_PASSES = 20
_REST_S = 0.5
_MOST_ATTEMPTS = 20


@click.group()
def keys() -> None:
    """The secret keys under which recipients are sealed and found."""


@keys.command()
def show() -> None:
    """Count what is sealed under each key, by the key's id: recipients, adverse events in words.

    No key is shown.
    """
    settings = load_settings(os.environ).require("database_url")
    vault = find_vault(settings)
    known = vault.key_ids if vault else ()
    with closing(open_database(settings.database_url)) as database, database.read() as session:
        counts = {**dict.fromkeys(known, 0), **count_by_key(session)}
    first = vault.key_id if vault and settings.secret_key_found else None
    for key_id, count in counts.items():
        role = "first" if key_id == first else "other" if key_id in known else "unknown"
        click.echo(f"{key_id}  {role:<8}{count:>12}")
    if first is None:
        missing = f"TRACEAPP_SECRET_KEY is not set, and there is no file {settings.secret_key_file}"
        click.echo(f"There is no first key: {missing}.", err=True)


@keys.command()
def rotate() -> None:
    """Reseal every recipient, and what was told of them in words, under TRACEAPP_SECRET_KEY.

    What is under a key of TRACEAPP_OTHER_SECRET_KEYS is sealed and indexed anew. It may be killed
    at any moment and begun again, and doses may be recorded meanwhile. It ends with 1 where
    recipients remain under another key.
    """
    settings = load_settings(os.environ).require("database_url")
    require_first_key(settings)
    vault = open_vault(settings)
    with closing(open_database(settings.database_url)) as database:
        with database.begin() as session:
            waiting = count_under(session, vault.other_key_ids)
            audit(session, "command line", "rotate keys", vault.key_id, utc_now(), {"of": waiting})
        with click.progressbar(length=waiting, label="Resealing", file=sys.stderr) as bar:
            total = _reseal_all(database, vault, bar.update)
        broken_texts = _reseal_texts(database, vault)
        with database.begin() as session:
            counts = count_by_key(session)
            remaining = sum(count for key_id, count in counts.items() if key_id != vault.key_id)
            detail = {"resealed": total.resealed, "merged": total.merged, "remaining": remaining}
            audit(session, "command line", "keys rotated", vault.key_id, utc_now(), detail)
    click.echo(
        f"{total.resealed} recipients resealed, {total.merged} of them merged; "
        f"{remaining} remain under other keys."
    )
    for key_id, count in counts.items():
        if key_id != vault.key_id:
            click.echo(f"{count} under key {key_id}: {_advice(vault, key_id)}", err=True)
    if total.broken:
        rows = ", ".join(map(str, sorted(set(total.broken))))
        click.echo(f"Rows of recipient that their key does not open: {rows}.", err=True)
    if broken_texts:
        rows = ", ".join(map(str, broken_texts))
        click.echo(f"Rows of adverse_event that their key does not open: {rows}.", err=True)
    if remaining:
        raise SystemExit(1)


def _reseal_all(database: Database, vault: Vault, show_progress: Callable[[int], None]) -> Resealed:
    """Pass over the table until nothing is left, or what is left is not to be had."""
    total = Resealed()
    for _ in range(_MOST_PASSES if vault.other_key_ids else 0):
        before, broken, after = total.resealed, set(total.broken), 0
        while (done := _batch(database, vault, after)).last is not None:
            after = done.last
            total.resealed += done.resealed
            total.merged += done.merged
            broken.update(done.broken)
            show_progress(done.resealed)
        total.broken = sorted(broken)
        with database.read() as session:
            left = count_under(session, vault.other_key_ids)
        if left <= len(broken):
            break
        if total.resealed == before:
            time.sleep(_REST_S)
    return total


def _reseal_texts(database: Database, vault: Vault) -> list[int]:
    """Pass over what was told in words; returns the rows that their key does not open."""
    broken: list[int] = []
    after: int | None = 0
    while after is not None:
        begun = time.monotonic()
        with database.begin() as session:
            done = reseal_texts(session, vault, after, _BATCH)
        broken += done.broken
        after = done.last
        if database.is_sqlite:  # Its writers take turns.
            time.sleep(time.monotonic() - begun)
    return broken


def _batch(database: Database, vault: Vault, after: int) -> Resealed:
    """One transaction; again where somebody wrote the same person under the first key meanwhile."""
    for attempt in range(_MOST_ATTEMPTS):
        begun = time.monotonic()
        try:
            with database.begin() as session:
                done = reseal_some(session, vault, after, _BATCH)
        except IntegrityError:
            if attempt == _MOST_ATTEMPTS - 1:
                raise
        except OperationalError as error:
            if trouble_of(error) != "locked" or attempt == _MOST_ATTEMPTS - 1:
                raise
            time.sleep(_REST_S)
        else:
            if database.is_sqlite:  # Its writers take turns: whoever records a dose must get one.
                time.sleep(time.monotonic() - begun)
            return done
    raise AssertionError("The last attempt returns or raises.")


def _advice(vault: Vault, key_id: str) -> str:
    if key_id in vault.other_key_ids:
        return "run this again once every process has the new key."
    return "it is not among the settings; add it to TRACEAPP_OTHER_SECRET_KEYS."
