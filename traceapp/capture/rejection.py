"""Keeping what was refused and what contradicted a known fact."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Executable, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from schemas.document import NotJson, Refusal, load_json
from schemas.fields import format_moment
from traceapp.capture.insert import insert
from traceapp.db import is_postgresql
from traceapp.models.rejection import Conflict, Rejection

_LONGEST_PAYLOAD = 1_048_576
#: A letter as JSON may spell it.
_ESCAPED = re.compile(rb"\\u00([0-7][0-9A-Fa-f])")
_KEY = ("topic", "sha256", "reason", "field")
_COLUMNS = {*_KEY, "site_code", "expected", "got", "payload", "times", "first_at", "last_at"}
_TABLE: Any = Rejection.__table__


def printable(text: str, longest: int) -> str:
    """Text that every database takes: no NUL, no lone surrogate, not too long."""
    clean = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    return clean[:longest]


def canonical(document: dict[str, Any]) -> str:
    """One spelling for equal content: sorted keys, moments in UTC, nothing that is None."""

    def spell(value: Any) -> Any:
        if isinstance(value, datetime):
            return format_moment(value)
        if isinstance(value, date):
            return value.isoformat()
        raise TypeError(f"Expected JSON content, got {value!r}")

    held = {key: value for key, value in document.items() if value is not None}
    return json.dumps(held, sort_keys=True, ensure_ascii=False, default=spell)


def digest(document: dict[str, Any]) -> str:
    """SHA-256 of the canonical content, in hexadecimal."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def without_person(payload: bytes) -> bytes:
    """The payload with every `recipient` blanked: a dose sent to the wrong address names one.

    Nothing is left of a payload that may name a person and cannot be read.
    """
    if b"recipient" not in _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), payload):
        return payload
    try:
        document = load_json(payload)
    except NotJson:
        return b""
    left = [document]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            node |= {key: None for key in node if key == "recipient"}
        left += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return msgspec.json.encode(document)


class Refused(NamedTuple):
    """What was refused, where it came, why, and of which site it speaks."""

    topic: str
    payload: bytes
    refusal: Refusal
    site: str | None = None


def keep_rejection(
    session: Session,
    topic: str,
    payload: bytes,
    refusal: Refusal,
    now: datetime,
    site: str | None = None,
) -> None:
    """Keep a refused message with its reason; the same again only counts up `times`."""
    keep_rejections(session, [Refused(topic, payload, refusal, site)], now)


def keep_rejections(session: Session, refused: Iterable[Refused], now: datetime) -> None:
    """Keep many at once, in one order, so that two writers of the same wait for each other."""
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in (_row_of(one, now) for one in refused):
        key = tuple(row[name] for name in _KEY)
        rows.setdefault(key, row | {"times": 0})["times"] += 1
    if not rows:
        return
    ordered = [rows[key] for key in sorted(rows)]
    if is_postgresql(session):
        columns = {name: [row[name] for row in ordered] for name in ordered[0]}
        session.connection().execute(_keeping_columns(), columns)
    else:
        session.connection().execute(_keeping_rows(), ordered)


def _row_of(one: Refused, now: datetime) -> dict[str, Any]:
    refusal = one.refusal
    return {
        "topic": printable(one.topic, 512),
        "site_code": None if one.site is None else printable(one.site, 64),
        "reason": refusal.reason,
        "field": printable(refusal.field, 128),
        "expected": printable(refusal.expected, 256),
        "got": printable(refusal.got, 256),
        "sha256": hashlib.sha256(one.payload).hexdigest(),
        "payload": without_person(one.payload)[:_LONGEST_PAYLOAD],
        "times": 1,
        "first_at": now,
        "last_at": now,
    }


def _keeping(statement: Any) -> Executable:
    """An insert that counts up where the same was refused before."""
    times = _TABLE.c.times + statement.excluded.times
    kept: Executable = statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={"times": times, "last_at": statement.excluded.last_at},
    )
    return kept


@lru_cache
def _keeping_rows() -> Executable:
    """One row at a time; made once, because making it anew costs more than running it."""
    return _keeping(sqlite.insert(_TABLE))


@lru_cache
def _keeping_columns() -> Executable:
    """One array a column: the statement is the same however many rows there are."""
    columns = [column for column in _TABLE.columns if column.name in _COLUMNS]
    rows = select(*(func.unnest(bindparam(one.name, type_=ARRAY(one.type))) for one in columns))
    names = [column.name for column in columns]
    return _keeping(postgresql.insert(_TABLE).from_select(names, rows))


def keep_conflict(
    session: Session,
    noun: str,
    key: str,
    kept: dict[str, Any],
    came: dict[str, Any],
    now: datetime,
    site: str | None = None,
) -> None:
    """Keep the content that contradicted a known fact; the first one stands."""
    row = {
        "noun": noun,
        "key": key,
        "site_code": site,
        "digest": digest(came),
        "kept": json.loads(canonical(kept)),
        "came": json.loads(canonical(came)),
        "first_at": now,
    }
    session.execute(insert(session, Conflict).values(row).on_conflict_do_nothing())
