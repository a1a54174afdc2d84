"""What became of each message: every one is found in the database, and the sums agree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.system.fuzz.messages import ROOT, Message
from tests.system.fuzz.publisher import Figures

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LISTS = ("readings", "movements")
#: The record keeps 512 characters of a topic; so many tell the topics of the generator apart.
_TOPIC = 100

Ask = Callable[[str], list[Any]]


@dataclass
class Kept:
    """What the database holds, as sets to look into."""

    readings: set[tuple[str, int]] = field(default_factory=set)
    movements: set[str] = field(default_factory=set)
    refused: set[tuple[str, bytes]] = field(default_factory=set)
    times_refused: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, ask: Ask, *, is_sqlite: bool) -> Kept:
        """Read it by SQL, as anybody may (contract §6)."""
        at = "r.at" if is_sqlite else "(extract(epoch FROM r.at) * 1000000)::bigint"
        kept = cls()
        readings = f"SELECT s.code, {at} FROM reading r JOIN sensor s ON s.id = r.sensor_id"
        kept.readings = {(code, int(moment)) for code, moment in ask(readings)}
        kept.movements = {code for (code,) in ask("SELECT code FROM movement")}
        for topic, sha256, reason, times in ask(
            "SELECT topic, sha256, reason, times FROM rejection"
        ):
            kept.refused.add((topic[:_TOPIC], bytes.fromhex(sha256)))
            kept.times_refused += times
            kept.reasons[reason] += times
        return kept

    def has_refused(self, topic: str, content: bytes) -> bool:
        return (topic[:_TOPIC], hashlib.sha256(content).digest()) in self.refused


@dataclass
class Account:
    """How many messages were sent, how many items they had, and which of them nobody kept."""

    sent: int = 0
    items: int = 0
    statuses: int = 0
    lost: list[Message] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.lost and not self.differences


def settle(messages: Iterable[Message], kept: Kept, figures: Figures) -> Account:
    """Find every message, and hold the ingester's own figures against what is there."""
    account = Account()
    for message in messages:
        account.sent += 1
        items = _items_found(message, kept, account)
        if items is None:
            account.lost.append(message)
        else:
            account.items += items
    stored = int(figures.get('ingest_items_total{outcome="stored"}', 0))
    repeated = int(figures.get('ingest_items_total{outcome="repeated"}', 0))
    refused = int(figures.get('ingest_items_total{outcome="refused"}', 0))
    conflicts = int(figures.get('ingest_rejections_total{reason="conflict"}', 0))
    account.differences = [
        f"{what}: expected {expected}, got {came}"
        for what, expected, came in (
            ("stored + repeated + refused", account.items, stored + repeated + refused),
            ("rows stored", stored, len(kept.readings) + len(kept.movements)),
            ("refusals kept, repetitions counted", refused - conflicts, kept.times_refused),
            ("refused for a reason nobody foresaw", 0, kept.reasons["unforeseen"]),
        )
        if expected != came
    ]
    return account


def _items_found(message: Message, kept: Kept, account: Account) -> int | None:
    """How many items of a message are accounted for; None when one is not."""
    if kept.has_refused(message.topic, message.payload):
        return 1
    levels = message.topic.removeprefix(ROOT).split("/")
    if levels[-1] == "status":
        account.statuses += 1
        return 0 if message.payload in (b"online", b"offline") else None
    if levels[-1] not in _LISTS:
        return None
    try:
        document = msgspec.json.decode(message.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(document, dict) and levels[-1] in document:
        document = document[levels[-1]]
    if isinstance(document, dict):
        return 1 if _is_stored(levels, document, kept) else None
    if not isinstance(document, list) or not document:
        return None
    for item in document:
        is_kept = kept.has_refused(message.topic, msgspec.json.encode(item))
        if not is_kept and not _is_stored(levels, item, kept):
            return None
    return len(document)


def _is_stored(levels: list[str], item: Any, kept: Kept) -> bool:
    """Whether the record has the item, or the one that stood in its place before it."""
    if not isinstance(item, dict):
        return False
    if levels[-1] == "movements":
        return item.get("id") in kept.movements
    moment = _microseconds(item.get("at"))
    return moment is not None and (levels[1], moment) in kept.readings


def _microseconds(text: Any) -> int | None:
    if not isinstance(text, str):
        return None
    head, dot, tail = text.upper().partition(".")
    if dot:
        digits = len(tail) - len(tail.lstrip("0123456789"))
        text = f"{head}.{tail[:digits][:6]}{tail[digits:]}"
    try:
        return (datetime.fromisoformat(text.upper()) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, TypeError, OverflowError):
        return None
