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
from sqlalchemy import Executable, text
from sqlalchemy.dialects import sqlite
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
    for row in map(_row_of, refused):
        key = tuple(row[name] for name in _KEY)
        rows.setdefault(key, row | {"times": 0})["times"] += 1
    if not rows:
        return
    ordered = [rows[key] for key in sorted(rows)]
    if is_postgresql(session):
        spelled = msgspec.json.encode(ordered).decode()
        session.execute(_KEEP_TOGETHER, {"rows": spelled, "now": now})
    else:
        told = [row | {"first_at": now, "last_at": now} for row in ordered]
        session.connection().execute(_keeping_alone(), told)


def _row_of(one: Refused) -> dict[str, Any]:
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
    }


@lru_cache
def _keeping_alone() -> Executable:
    """One row at a time; made once, because making it anew costs more than running it."""
    statement = sqlite.insert(_TABLE)
    kept: Executable = statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={
            "times": _TABLE.c.times + statement.excluded.times,
            "last_at": statement.excluded.last_at,
        },
    )
    return kept


#: All rows as one JSON text: psycopg would spell each value of an array by itself, in Python.
_KEEP_TOGETHER = text(
    "INSERT INTO rejection (topic, site_code, reason, field, expected, got, sha256, payload,"
    " times, first_at, last_at) "
    "SELECT topic, site_code, reason, field, expected, got, sha256, decode(payload, 'base64'),"
    " times, :now, :now FROM json_to_recordset(CAST(:rows AS json)) AS told"
    " (topic text, site_code text, reason text, field text, expected text, got text,"
    " sha256 text, payload text, times integer) "
    "ON CONFLICT (topic, sha256, reason, field) DO UPDATE"
    " SET times = rejection.times + excluded.times, last_at = excluded.last_at"
)


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
