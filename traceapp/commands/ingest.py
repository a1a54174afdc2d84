"""`traceapp ingest`: the same process as `python -m ingest`."""

from __future__ import annotations

import os
import sys

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def ingest(arguments: tuple[str, ...]) -> None:
    """Become the ingester: it stands beside this package, which must not know it."""
    program = [sys.executable, "-m", "ingest", *arguments]
    os.execv(sys.executable, program)  # noqa: S606  our own interpreter and arguments
