"""Tables as CSV that a spreadsheet opens and does not run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import Response

from schemas.fields import format_moment

#: A cell that begins with one of these is a formula to a spreadsheet; to some the wide ones too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BOM = "\ufeff"
#: Lines leave in pieces of this many characters: one piece a line costs more than the line.
_AT_ONCE = 16 * 1024


def csv_answer(name: str, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Response:
    """Return rows as a file in UTF-8, written while they are read."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_lines(columns, rows), headers=headers, content_type="text/csv; charset=utf-8")


def _lines(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    yield _BOM + buffer.getvalue()  # Without the mark Excel reads Chinese in another encoding.
    buffer.seek(0)
    buffer.truncate()
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])
        if buffer.tell() >= _AT_ONCE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def cell(value: Any) -> str:
    """Return a value as text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_moment(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
