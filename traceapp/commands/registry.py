"""`traceapp registry`: the registry from JSON Lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from config import load_settings
from schemas.document import NotJson, first_refusal, load_json
from schemas.registry import KINDS
from traceapp.capture.registry import register
from traceapp.capture.registry_error import RegistryError
from traceapp.db import open_database


@click.group()
def registry() -> None:
    """Sites, units, sensors, products and contacts."""


@registry.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
def load(files: tuple[str, ...]) -> None:
    """Load the registry from JSON Lines: all of FILES or nothing; again changes nothing."""
    settings = load_settings(os.environ)
    settings.require("database_url")
    documents = [document for file in files for document in _documents(Path(file))]
    documents.sort(key=lambda one: list(KINDS).index(one[1]))
    now = datetime.now(UTC)
    changed = 0
    with closing(open_database(settings.database_url)) as database, database.begin() as session:
        for place, kind, document in documents:
            try:
                changed += register(session, kind, document, now)
            except RegistryError as error:
                raise click.ClickException(f"{place}: {error.field}: {error}") from error
    click.echo(f"{len(documents)} documents, {changed} of them new or changed")


def _documents(file: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{file}:{number}"
        try:
            document = load_json(line)
        except NotJson as error:
            raise click.ClickException(f"{place}: Expected JSON: {error}") from error
        kind = document.pop("kind", None) if isinstance(document, dict) else None
        if kind not in KINDS:
            raise click.ClickException(f"{place}: Expected kind {', '.join(KINDS)}, got {kind}")
        try:
            yield place, kind, KINDS[kind]().load(document)
        except ValidationError as error:
            wrong = first_refusal(error, document)
            message = f"{wrong.field}: Expected {wrong.expected}, got {wrong.got}"
            raise click.ClickException(f"{place}: {message}") from error
