"""`traceapp simulate`: a realistic district or fleet, published to any broker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from traceapp.publish.client import BrokerUnreachable
from traceapp.simulate.desk import Desk, DeskRefused
from traceapp.simulate.fleet import Fleet
from traceapp.simulate.publisher import AcknowledgementMissing, Publisher
from traceapp.simulate.story import FEWEST_DAYS, Story
from traceapp.simulate.telling import Scene, Telling


@contextmanager
def progress(steps: int, text: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; the yielded call advances it by one."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=steps)
        yield lambda: bar.advance(task)


def write_registry(scene: Scene, file: Path) -> None:
    """Write the registry as JSON Lines for `traceapp registry load`."""
    lines = [json.dumps(document, ensure_ascii=False) for document in scene.registry]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@click.command()
@click.option("--broker", metavar="URL", help="Publish here: mqtt://host:port or mqtts://host.")
@click.option("--api", metavar="URL", help="Post the doses here, such as http://127.0.0.1:8000.")
@click.option(
    "--token",
    envvar="TRACEAPP_TOKEN",
    show_envvar=True,
    default="",
    help="Bearer token for --api.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Simulated seconds a second while catching up with the present.",
)
@click.option(
    "--days", type=click.IntRange(FEWEST_DAYS, 30), default=FEWEST_DAYS, show_default=True
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another story.")
@click.option(
    "--registry-out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the registry for `traceapp registry load`; without --broker, only that.",
)
@click.option("--fleet", type=int, metavar="N", help="N refrigerators, readings only, for load.")
@click.option("--once", is_flag=True, help="Stop when the past is told and acknowledged.")
def simulate(  # noqa: PLR0913 - one argument for each option
    broker: str | None,
    api: str | None,
    token: str,
    speed: float,
    days: int,
    seed: int,
    registry_out: Path | None,
    fleet: int | None,
    once: bool,
) -> None:
    """Publish a realistic fleet: refrigerators, power cuts, lots moving, doses.

    The last days are told at once, then readings come in real time until you press Ctrl-C.
    Load the registry that --registry-out writes first; unknown sensors are kept all the same.
    """
    if broker is None and registry_out is None:
        raise click.UsageError("Expected --broker URL, --registry-out FILE, or both.")
    end = datetime.now(UTC)
    try:
        scene = Story(seed, end, days) if fleet is None else Fleet(seed, end, days, fleet)
        if registry_out is not None:
            write_registry(scene, registry_out)
        if broker is not None:
            desk = Desk(api, token) if api else None
            with Publisher(broker) as publisher:
                _tell(Telling(scene, publisher, desk), speed, once)
    except (ValueError, OSError, BrokerUnreachable, AcknowledgementMissing, DeskRefused) as failure:
        raise click.ClickException(str(failure)) from failure


def _tell(telling: Telling, speed: float, once: bool) -> None:
    telling.begin()
    with progress(telling.steps(), "The past") as advance:
        telling.tell_past(advance, hold_back=not once)
    tally = telling.publisher.tally
    click.echo(
        f"{tally.stored} stored, {tally.repeated} repeated, {tally.refused} refused, "
        f"{telling.doses_told} doses"
    )
    if once:
        return
    click.echo("Going on in real time; Ctrl-C ends.")
    try:
        telling.tell_present(speed, lambda: datetime.now(UTC), lambda: False)
    except KeyboardInterrupt:
        click.echo("Ended.")
