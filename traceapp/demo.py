"""`traceapp demo`: the whole system on embedded parts, with a district that lives in it."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from traceapp.publish.client import BrokerUnreachable
from traceapp.simulate.cli import progress, write_registry
from traceapp.simulate.crew import Crew, CrewFailed, free_port, module, traceapp
from traceapp.simulate.desk import Desk, DeskRefused
from traceapp.simulate.folder import FolderTaken, fresh_folder
from traceapp.simulate.publisher import AcknowledgementMissing, Publisher
from traceapp.simulate.story import LIVE_UNIT, NIGHT_UNIT, ROAD_UNIT, Story
from traceapp.simulate.telling import Telling
from traceapp.simulate.verdict import Verdict, read_mails

SEED = 2021
SPEED = 60.0
"""Simulated seconds a second, until the story has caught up with the present."""
PATIENCE_S = 4.0
SECONDS_FOR_THE_MAILS = 30.0
FAILURES = (
    CrewFailed,
    DeskRefused,
    FolderTaken,
    BrokerUnreachable,
    AcknowledgementMissing,
    OSError,
)


@dataclass(frozen=True)
class Ground:
    """Where one demo keeps its data and which ports on loopback it uses."""

    folder: Path
    web: int
    broker: int
    smtp: int

    @property
    def url(self) -> str:
        """Where people reach the web."""
        return f"http://127.0.0.1:{self.web}"

    @property
    def broker_url(self) -> str:
        """Where gateways reach the broker."""
        return f"mqtt://127.0.0.1:{self.broker}"

    @property
    def mailbox(self) -> Path:
        """Where the mail catcher stores each e-mail."""
        return self.folder / "mail"

    def environ(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The settings of every child: contract §2, and nothing of the person's own."""
        kept = {
            name: value for name, value in inherited.items() if not name.startswith("TRACEAPP_")
        }
        return kept | {
            "PYTHONUNBUFFERED": "1",
            "TRACEAPP_DATABASE_URL": f"sqlite:///{self.folder / 'traceapp.db'}",
            "TRACEAPP_BROKER_URL": self.broker_url,
            "TRACEAPP_BROKER_CLIENT_ID": "ingest-demo",
            "TRACEAPP_SMTP_URL": f"smtp://127.0.0.1:{self.smtp}",
            "TRACEAPP_MAIL_FROM": "coldchain@demo.example",
            "TRACEAPP_BASE_URL": self.url,
            "TRACEAPP_BIND": f"127.0.0.1:{self.web}",
            "TRACEAPP_DATA_FOLDER": str(self.folder),
            "TRACEAPP_MAILBOX": str(self.mailbox),
        }


@click.command()
@click.option("--once", is_flag=True, help="Play the story to its end, check every result, exit.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var"),
    show_default=True,
    help="The demo keeps its data in the folder demo/ below this one.",
)
@click.option("--keep", is_flag=True, help="With --once, keep the data and the logs in --data.")
def demo(once: bool, port: int, data: Path, keep: bool) -> None:
    """Run everything on embedded parts: SQLite, a broker, a mail catcher, and a simulated district.

    Each start begins anew and removes what an earlier demo left in its folder.
    """
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        if once and not keep:
            with tempfile.TemporaryDirectory(prefix="traceapp-demo-") as temporary:
                is_right = _play(Path(temporary), free_port(), once=True)
        else:
            with fresh_folder(data) as folder:
                is_right = _play(folder, _web_port(0 if once else port), once=once)
    except FAILURES as failure:
        raise click.ClickException(str(failure)) from failure
    except KeyboardInterrupt:
        click.echo("\nEnded.")
        return
    sys.exit(0 if is_right else 1)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _web_port(wanted: int) -> int:
    """The wanted port where it is free; another one, said so, where it is not."""
    port = free_port(wanted)
    if wanted not in (0, port):
        click.echo(f"Port {wanted} is taken, so the web listens on {port}.")
    return port


def _play(folder: Path, port: int, *, once: bool) -> bool:
    """Set the stage, tell the story, and stay until Ctrl-C or until it is judged."""
    ground = Ground(folder, port, free_port(), free_port())
    story = Story(SEED, datetime.now(UTC))
    crew = Crew(ground.environ(os.environ), folder / "logs", click.echo)
    try:
        desk = _set_the_stage(ground, crew, story)
        with Publisher(ground.broker_url, patience_s=PATIENCE_S) as publisher:
            telling = Telling(story, publisher, desk, is_to_be_judged=once)
            telling.begin()
            if not once:
                click.echo(_invitation(ground, crew, story))
            with progress(telling.steps(), "The past four days") as advance:
                telling.tell_past(advance, hold_back=not once)
            if once:
                return _judge(ground, crew, telling, story, desk)
            click.echo("The past is told. From now on you watch it live; Ctrl-C ends.")
            telling.tell_present(SPEED, lambda: datetime.now(UTC), lambda: False)
    finally:
        crew.stop()
    return True


def _set_the_stage(ground: Ground, crew: Crew, story: Story) -> Desk:
    """Start every part, load the registry, and answer a desk that may act."""
    ground.mailbox.mkdir(parents=True, exist_ok=True)
    registry = ground.folder / "registry.jsonl"
    write_registry(story, registry)
    broker = module("traceapp.simulate.broker", "--port", str(ground.broker))
    crew.start("broker", broker)
    catcher = ("--port", str(ground.smtp), "--folder", str(ground.mailbox))
    crew.start("catcher", module("traceapp.alerts.catcher", *catcher))
    crew.run(traceapp("db", "upgrade"))
    crew.wait_for_port("broker", ground.broker)
    crew.start("ingest", module("ingest"))
    crew.start("web", traceapp("web"))
    crew.start("alerts", traceapp("alerts"))
    crew.run(traceapp("registry", "load", str(registry)))
    token = crew.run(traceapp("token", "create", "demo", "--role", "admin")).split()[-1]
    crew.wait_for_port("catcher", ground.smtp)
    # What is published before somebody listens is lost by this broker, and sent again too late.
    crew.wait_for("the ingester at the broker", lambda: '"connected"' in crew.log_of("ingest"))
    desk = Desk(ground.url, token)
    crew.wait_for("the web, the broker and the database", lambda: _is_ready(desk))
    return desk


def _is_ready(desk: Desk) -> bool:
    try:
        desk.get("/readyz")
    except DeskRefused:
        return False
    return True


def _invitation(ground: Ground, crew: Crew, story: Story) -> str:
    link = crew.run(traceapp("signin-link")).split()[-1]
    lot = story.journey.lots[1]
    dose = next(dose for dose in story.doses if dose.unit == NIGHT_UNIT and dose.lot == lot)
    lot_code = f"{lot.product.gtin}/{lot.number}"
    return f"""
  示范接种区正在运行 · The demonstration district is running: {ground.url}
  登录（仅一次有效）· Sign in, once:  {link}

  看什么 · What to look at:
    冰箱正在断电 · a refrigerator without power, now    {ground.url}/units/{LIVE_UNIT}
    前夜断电 · the night without power                  {ground.url}/units/{NIGHT_UNIT}?hours=72
    途中升温 · the van that warmed on the road          {ground.url}/units/{ROAD_UNIT}?hours=72
    温度超标 · all excursions                           {ground.url}/excursions
    邮件 · the e-mails that were sent                   {ground.url}/mailbox
    剂次溯源 · a dose and where it came from            {ground.url}/doses/{dose.document["id"]}
    批号去向 · a lot and where it went                  {ground.url}/lots/{lot_code}

  数据与日志 · data and logs: {ground.folder}

  命令行 · The command line, in another terminal:
{_first_commands(ground)}
"""


def _first_commands(ground: Ground) -> str:
    """What leads `traceapp` to the demo, a token and a link: to be pasted as it stands."""
    installed = Path(sys.executable).with_name("traceapp")
    program = shlex.quote(str(installed)) if installed.exists() else shlex.join(traceapp())
    told = ground.environ({})
    names = ("TRACEAPP_DATABASE_URL", "TRACEAPP_DATA_FOLDER", "TRACEAPP_BASE_URL")
    lines = [
        *(f"export {name}={shlex.quote(told[name])}" for name in names),
        f"export TOKEN=$({program} token create me --role admin)",
        f"{program} signin-link",
    ]
    return "\n".join(f"    {line}" for line in lines)


def _judge(ground: Ground, crew: Crew, telling: Telling, story: Story, desk: Desk) -> bool:
    """Wait for the e-mails, then print each result; answer whether all are right."""
    verdict = Verdict(telling, story, desk, ground.mailbox)
    wanted = verdict.mails_expected()
    try:
        crew.wait_for(
            f"{wanted} e-mails",
            lambda: len(read_mails(ground.mailbox)) >= wanted,
            SECONDS_FOR_THE_MAILS,
        )
    except CrewFailed as failure:
        click.echo(str(failure))
    is_right = True
    for result in verdict.results():
        is_right &= result.is_right
        sign = click.style("✓", fg="green") if result.is_right else click.style("✗", fg="red")
        click.echo(f"{sign} {result.what}" + ("" if result.is_right else f": {result.got}"))
    click.echo("Every result is right." if is_right else "Not every result is right.")
    return is_right
