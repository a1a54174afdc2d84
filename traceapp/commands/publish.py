"""`traceapp publish`: a gateway that loses no reading."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from sqlalchemy.exc import DBAPIError

from config import checks, load_settings
from schemas.fields import CODE
from traceapp.publish.buffer import Buffer, BufferTaken
from traceapp.publish.client import BrokerUnreachable
from traceapp.publish.gateway import Gateway, GaveUp
from traceapp.publish.intake import Intake, NotKept
from traceapp.publish.line import Numbering
from traceapp.publish.sender import Pace
from traceapp.publish.source import GrowingFile, Pipe, Source
from traceapp.publish.voice import Voice
from traceapp.stop import until_told


def _code(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not CODE.match(value):
        raise click.BadParameter(f"Expected 1-64 of A-Z a-z 0-9 . _ -, got {value!r}.")
    return value


@click.command()
@click.argument(
    "file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
)
@click.option("--site", required=True, callback=_code, help="The site whose sensors these are.")
@click.option(
    "--broker", metavar="URL", help="mqtt://host:port or mqtts://host; else TRACEAPP_BROKER_URL."
)
@click.option(
    "--buffer",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep here what is not acknowledged yet.",
)
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=1_000_000,
    show_default=True,
    help="With so many lines the buffer is full, and no more are read.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 1_000),
    default=100,
    show_default=True,
    help="Readings in a message at most.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(1, 1_000),
    default=16,
    show_default=True,
    help="Messages that wait for their acknowledgement at most.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    help="Seconds until a message is sent again.",
)
@click.option("--once", is_flag=True, help="Read to the end, and stop when all is acknowledged.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=60.0,
    show_default=True,
    help="With --once: give up after so many seconds without an acknowledgement.",
)
@click.option("--confirm", is_flag=True, help="Print how many lines are safe whenever it grows.")
def publish(  # noqa: PLR0913 - one argument for each option
    file: Path,
    site: str,
    broker: str | None,
    folder: Path,
    most: int,
    batch: int,
    in_flight: int,
    patience: float,
    once: bool,
    timeout: float,
    confirm: bool,
) -> None:
    """Publish readings and lose none: JSON Lines from FILE (which may grow) or standard input.

    A line is a reading and its sensor: {"sensor":"45-000017","at":"2021-05-09T08:00:00+08:00",
    "celsius":4.2}. It is kept in --buffer until the record has acknowledged it.
    """
    url = (
        checks.broker_url("--broker", broker)
        if broker
        else load_settings(os.environ).require("broker_url").broker_url
    )
    run, voice, is_over = secrets.token_hex(4), Voice(), until_told()
    try:
        with closing(Buffer(folder, most)) as buffer:
            gateway = Gateway(site, url, buffer, Pace(batch, in_flight, patience), run, voice)
            source = _source(file, buffer, is_followed=not once, is_over=is_over, voice=voice)
            intake = Intake(source, buffer, Numbering(run), voice, _confirm(confirm))
            with closing(source), _progress(is_shown=once) as show:
                is_done = gateway.run(intake, is_over, timeout if once else None, show)
            _sum_up(gateway, intake)
    except (BufferTaken, BrokerUnreachable, GaveUp, NotKept) as failure:
        raise click.ClickException(str(failure)) from failure
    except OSError as failure:
        where = f"{failure.filename}: " if failure.filename else ""
        raise click.ClickException(f"{where}{failure.strerror or failure}") from failure
    except DBAPIError as failure:
        raise click.ClickException(f"The buffer in {folder} fails: {failure.orig}") from failure
    if once and not is_done:
        raise click.exceptions.Exit(1)


def _source(
    file: Path, buffer: Buffer, *, is_followed: bool, is_over: threading.Event, voice: Voice
) -> Source:
    if str(file) == "-":
        return Pipe(sys.stdin.fileno())
    path = file.resolve()
    return GrowingFile(
        path,
        buffer.position(path),
        is_followed=is_followed,
        wait=is_over.wait,
        tell=voice.say,
    )


def _confirm(is_wanted: bool) -> Callable[[int], None]:
    return click.echo if is_wanted else lambda _taken: None


@contextmanager
def _progress(is_shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    is_hidden = not (is_shown and console.is_terminal)
    with Progress(*columns, console=console, transient=True, disable=is_hidden) as bar:
        task = bar.add_task("Acknowledged", total=None)
        yield lambda settled, waiting: bar.update(task, completed=settled, total=settled + waiting)


def _sum_up(gateway: Gateway, intake: Intake) -> None:
    tally, buffer = gateway.sender.tally, gateway.buffer
    click.echo(
        f"{intake.taken} taken, {tally.stored} stored, {tally.repeated} repeated, "
        f"{tally.refused} refused, {buffer.waiting} waiting",
        err=True,
    )
