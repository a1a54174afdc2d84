"""Lists in pages: a cursor names the last row that was seen."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from schemas.fields import parse_moment

_Rows = Select[*tuple[Any, ...]]


class CursorInvalid(ValueError):
    """A cursor that none of our answers gave."""


def encode_cursor(*keys: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(keys)).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """The keys in a cursor. Raises CursorInvalid where their number or kinds are wrong."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        keys = msgspec.json.decode(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise CursorInvalid("Expected the `next` of an earlier answer.") from error
    if not isinstance(keys, list) or [type(key) for key in keys] != list(kinds):
        raise CursorInvalid("Expected the `next` of an earlier answer.")
    if any("\0" in key if isinstance(key, str) else not 0 <= key < 2**63 for key in keys):
        raise CursorInvalid("Expected the `next` of an earlier answer.")
    return keys


def decode_moment_cursor(cursor: str) -> tuple[datetime, int]:
    """The moment and the row in a cursor of a list by time. Raises CursorInvalid."""
    moment, row = decode_cursor(cursor, (str, int))
    try:
        return parse_moment(moment), row
    except ValueError as error:
        raise CursorInvalid("Expected the `next` of an earlier answer.") from error


def newest_first(
    query: _Rows,
    at: InstrumentedAttribute[datetime],
    row: InstrumentedAttribute[int],
    cursor: str | None,
) -> _Rows:
    """A list by time, from behind the row in `cursor` on. Raises CursorInvalid."""
    query = query.order_by(at.desc(), row.desc())
    if cursor is None:
        return query
    before, last = decode_moment_cursor(cursor)
    return query.where(or_(at < before, and_(at == before, row < last)))


def make_page(
    rows: Sequence[Any],
    limit: int,
    document: Callable[[Any], dict[str, Any]],
    keys: Callable[[Any], tuple[Any, ...]],
) -> dict[str, Any]:
    """A page of at most `limit` documents; ask the database for `limit + 1` rows."""
    shown = rows[:limit]
    has_more = len(rows) > limit
    return {
        "items": [document(row) for row in shown],
        "next": encode_cursor(*keys(shown[-1])) if has_more and shown else None,
    }
