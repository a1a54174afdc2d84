"""The command `traceapp`: a table of commands, each living in a module of its own."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click
from sqlalchemy.exc import DBAPIError

from config import SettingInvalid

#: Command → where it lives (`module:name`) and what it does. A command is imported when it is
#: called, so that `traceapp trace` does not wait for Flask or a broker.
COMMANDS: dict[str, tuple[str, str]] = {
    "db": ("traceapp.commands.db:db", "Create or migrate the database."),
    "registry": ("traceapp.commands.registry:registry", "Load sites, units, sensors, products."),
    "rejudge": ("traceapp.commands.rejudge:rejudge", "Judge units again from the beginning."),
    "ledger": ("traceapp.commands.ledger:ledger", "Derive the ledgers of lots anew."),
    "sum-days": ("traceapp.commands.sum_days:sum_days", "Sum up what units lived through."),
    "trace": ("traceapp.commands.trace:trace", "Show where a code came from and went."),
    "label": ("traceapp.commands.label:label", "Draw the GS1 DataMatrix of a pack or a lot."),
    "read-label": ("traceapp.commands.label:read_label", "Read the symbols in a photograph."),
    "token": ("traceapp.commands.token:token", "Create a bearer token for a program or a person."),
    "signin-link": (
        "traceapp.commands.signin_link:signin_link",
        "Print a link that signs in once.",
    ),
    "keys": ("traceapp.commands.key:keys", "Reseal people under a new secret key."),
    "recipients": (
        "traceapp.commands.recipient:recipients",
        "Forget people when the law lets them go.",
    ),
    "web": ("traceapp.commands.web:web", "Serve the pages and the API."),
    "demo": ("traceapp.demo:demo", "Run everything on embedded parts, with a district in it."),
    "simulate": ("traceapp.simulate.cli:simulate", "Publish a realistic fleet to any broker."),
    "publish": ("traceapp.commands.publish:publish", "Publish a gateway's readings; lose none."),
    "alerts": ("traceapp.commands.alerts:alerts", "Send the e-mails that excursions owe."),
    "bench": ("traceapp.commands.bench:bench", "Measure this machine: ingest, traces, set-up."),
    "ingest": ("traceapp.commands.ingest:ingest", "Hear the broker and record what it brings."),
}


class LazyGroup(click.Group):
    """A group that imports a command only when somebody calls it or asks for its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="traceapp")
def commands() -> None:
    """Vaccine cold-chain and traceability tracker: 来源可查、去向可追."""


def main() -> None:
    """Run the command; an error that a person can act on is one line, without a traceback."""
    try:
        commands(prog_name="traceapp")
    except SettingInvalid as error:
        sys.exit(_complain(str(error), 2))
    except DBAPIError as error:
        if os.environ.get("TRACEAPP_TRACEBACK"):
            raise
        reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
        sys.exit(_complain(f"The database refused: {reason}", 1))


def _complain(message: str, status: int) -> int:
    click.echo(f"traceapp: {message}", err=True)
    return status
