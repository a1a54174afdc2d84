"""`traceapp label` draws the symbol of a pack, `traceapp read-label` reads it from a photograph."""

from __future__ import annotations

from pathlib import Path

import click

from traceapp.rules.code import read_code
from traceapp.rules.symbol import (
    MAX_IMAGE_BYTES,
    ImageRefused,
    LabelImpossible,
    draw_label,
    label_png,
    label_svg,
    label_text,
    read_symbols,
)


@click.command()
@click.argument("code")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="FILE.svg or .png.")
def label(code: str, output: Path | None) -> None:
    """Draw the GS1 DataMatrix of CODE: a label such as (01)06901234567892(10)L1(21)AB1, an
    SSCC, or a trace code. Without --output it is drawn in the terminal.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in code):
        raise click.ClickException("Expected a code in UTF-8.")
    meanings = [one for one in read_code(code) if one.scheme != "text"]
    if not meanings:
        raise click.ClickException(
            f"Expected a label such as (01)06901234567892(10)L1, got {click.unstyle(code)!r}"
        )
    if any("separator_lost" in one.hints for one in meanings):
        ways = " or ".join(one.code for one in meanings)
        raise click.ClickException(f"Expected one label, got what may be {ways}")
    try:
        drawn = draw_label(meanings[0])
    except LabelImpossible as error:
        raise click.ClickException(str(error)) from error
    if output is None:
        click.echo(label_text(drawn))
        return
    kind = output.suffix.lower()
    if kind not in (".png", ".svg"):
        raise click.ClickException(f"Expected a FILE.svg or FILE.png, got {output}")
    try:
        output.write_bytes(label_png(drawn) if kind == ".png" else label_svg(drawn).encode())
    except OSError as error:
        raise click.ClickException(
            f"Expected a place to write {output}, got: {error.strerror}"
        ) from error


@click.command("read-label")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def read_label(file: Path) -> None:
    """Read every symbol in FILE, a JPEG, PNG or WebP image, and print what each may mean."""
    if file.stat().st_size > MAX_IMAGE_BYTES:
        raise click.ClickException(f"Expected at most {MAX_IMAGE_BYTES} bytes in {file}.")
    try:
        symbols = read_symbols(file.read_bytes())
    except ImageRefused as error:
        raise click.ClickException(f"{error} File: {file}") from error
    if not symbols:
        raise click.ClickException(f"Expected a symbol in {file}, found none.")
    for symbol in symbols:
        click.echo(symbol.form)
        for meaning in read_code(symbol.text):
            hints = f"  ({', '.join(meaning.hints)})" if meaning.hints else ""
            shown = "".join(one if one.isprintable() else " " for one in meaning.code)
            click.echo(f"  {meaning.scheme}: {shown}{hints}")
