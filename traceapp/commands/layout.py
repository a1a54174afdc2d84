"""Tables in a terminal of any width: no code, date or number is ever broken in two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Columns of sentences, which may be broken between words.
_SENTENCES = frozenset({"text", "what"})
_LEAST_OF_A_SENTENCE = 20
_EDGES = 3  # What a table draws beside each column.


def show_table(title: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a table, or one below the other where the terminal is too narrow for it."""
    if not rows:
        return
    console, cells = Console(), [[plainly(value) for value in row] for row in rows]
    if _width_of(names, cells) > console.width:
        _stack(console, title, names, cells)
        return
    table = Table(title=title, title_justify="left")
    for name in names:
        is_sentence = name in _SENTENCES
        table.add_column(name, no_wrap=not is_sentence, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def plainly(value: Any) -> Text:
    """A value as it is: a name may look like markup, or hold what steers a terminal."""
    text = "" if value is None else str(value)
    return Text("".join(letter if letter.isprintable() else " " for letter in text))


def _width_of(names: Sequence[str], cells: Sequence[Sequence[Text]]) -> int:
    """How wide a terminal must be for the table."""
    widths = [
        _LEAST_OF_A_SENTENCE
        if name in _SENTENCES
        else max(cell_len(name), *(row[place].cell_len for row in cells))
        for place, name in enumerate(names)
    ]
    return sum(widths) + _EDGES * len(widths) + 1


def _stack(
    console: Console, title: str, names: Sequence[str], cells: Sequence[Sequence[Text]]
) -> None:
    """Each row as a paragraph of names and values, broken only between two of them."""
    console.print(Text(title, "italic"))
    for row in cells:
        said = [f"{name}: {value}" for name, value in zip(names, row, strict=True) if value.plain]
        for number, line in enumerate(_lines(said, console.width - 4)):
            console.print(Text(("  " if number == 0 else "    ") + line), soft_wrap=True)


def _lines(said: Sequence[str], width: int) -> list[str]:
    """As many of these in each line as have room there."""
    lines = [""]
    for one in said:
        longer = f"{lines[-1]}  {one}" if lines[-1] else one
        if lines[-1] and cell_len(longer) > width:
            lines.append(one)
        else:
            lines[-1] = longer
    return lines
