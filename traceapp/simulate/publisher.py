"""A gateway of the simulation that keeps what it sent until the record says that it is stored.

A broker's PUBACK says that the broker took a message, not that anybody keeps it. So every message
bears a `ref` and is sent again until its acknowledgement arrives (contract §4).
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from traceapp.publish.client import ROOT, Connection, Document

MOST_BYTES = 200_000
"""A message may hold 256 KiB; we stay well below."""
MOST_ITEMS = 1_000


class AcknowledgementMissing(Exception):
    """Nobody said within the time allowed that what we sent is stored."""


@dataclass
class Kept:
    """A message that nobody has acknowledged yet."""

    topic: str
    payload: bytes
    sent_at: float
    times_sent: int = 1


@dataclass
class Tally:
    """What the record answered so far, and what it sent back."""

    stored: int = 0
    repeated: int = 0
    refused: int = 0
    sent_again: int = 0
    rejections: list[Document] = field(default_factory=list)


class Publisher:
    """Publishes at QoS 1 over MQTT 3.1.1 and sends again what is not acknowledged in time."""

    def __init__(
        self,
        url: str,
        most_kept: int = 64,
        patience_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most_kept` messages at most wait for their acknowledgement; `send` waits for room."""
        self.most_kept = most_kept
        self.patience_s = patience_s
        self.clock = clock
        self.run = secrets.token_hex(4)
        self.tally = Tally()
        self._kept: dict[str, Kept] = {}
        self._changed = threading.Condition()
        self._count = 0
        topics = [f"{ROOT}/+/acks", f"{ROOT}/+/+/acks", f"{ROOT}/+/rejections"]
        self._connection = Connection(url, topics, self._hear)

    def connect(self, gateway: str | None = None, wait_s: float = 20.0) -> None:
        """Connect and subscribe to the answers; `gateway` is the "site/sensor" of the last will."""
        if gateway is not None:
            self._connection.leave_will(gateway)
        self._connection.open(wait_s)

    def announce(self, sensors: Sequence[str]) -> None:
        """Leave a retained `online` for each "site/sensor"."""
        self._connection.announce(sensors)

    def send_readings(self, site: str, sensor: str, readings: Sequence[Document]) -> None:
        """Publish readings of one sensor, newest message first, so that it never looks silent."""
        for part in reversed(list(_in_messages(readings))):
            self._send(f"{ROOT}/{site}/{sensor}/readings", "readings", part)

    def send_movements(self, site: str, movements: Sequence[Document]) -> None:
        """Publish what moved, in the order in which it happened, as `site` reports it."""
        for part in _in_messages(movements):
            self._send(f"{ROOT}/{site}/movements", "movements", part)

    def settle(self, wait_s: float = 60.0) -> None:
        """Wait until everything is acknowledged, sending again what is overdue."""
        until = self.clock() + wait_s
        while self._kept:
            self.send_overdue_again()
            with self._changed:
                self._changed.wait_for(lambda: not self._kept, 0.2)
            if self._kept and self.clock() > until:
                raise AcknowledgementMissing(
                    f"Expected an acknowledgement within {wait_s:.0f} s, "
                    f"got none for {len(self._kept)} messages; is the ingester running?"
                )

    def send_overdue_again(self) -> None:
        """Repeat, with growing patience, each message that was sent too long ago."""
        now = self.clock()
        if not self._connection.is_ready:
            return
        with self._changed:
            overdue = [
                kept
                for kept in self._kept.values()
                if now - kept.sent_at > self.patience_s * min(kept.times_sent, 6)
            ]
            for kept in overdue:
                kept.sent_at, kept.times_sent = now, kept.times_sent + 1
                self.tally.sent_again += 1
        for kept in overdue:
            self._connection.publish(kept.topic, kept.payload)

    @property
    def waiting(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._kept)

    def close(self) -> None:
        """Say goodbye for every sensor and leave."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, topic: str, name: str, items: Sequence[Document]) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: len(self._kept) < self.most_kept, 1.0):
                    break
            self.send_overdue_again()
        self._count += 1
        ref = f"{self.run}-{self._count}"
        payload = json.dumps({"ref": ref, name: list(items)}, ensure_ascii=False).encode()
        with self._changed:
            self._kept[ref] = Kept(topic, payload, self.clock())
        self._connection.publish(topic, payload)

    def _hear(self, topic: str, answer: Document) -> None:
        with self._changed:
            if topic.endswith("/rejections"):
                self._note_rejection(answer)
            else:
                self._note_acknowledgement(answer)
            self._changed.notify_all()

    def _note_acknowledgement(self, answer: Document) -> None:
        if self._kept.pop(str(answer.get("ref")), None) is None:
            return
        self.tally.stored += _count_in(answer, "stored")
        self.tally.repeated += _count_in(answer, "repeated")
        self.tally.refused += _count_in(answer, "refused")

    def _note_rejection(self, answer: Document) -> None:
        for ref, kept in list(self._kept.items()):
            if hashlib.sha256(kept.payload).hexdigest() == answer.get("sha256"):
                del self._kept[ref]
                self.tally.refused += 1
        if len(self.tally.rejections) < MOST_ITEMS:
            self.tally.rejections.append(answer)


def _count_in(answer: Document, name: str) -> int:
    value = answer.get(name)
    return value if isinstance(value, int) else len(value) if isinstance(value, list) else 0


def _in_messages(items: Sequence[Document]) -> list[list[Document]]:
    """Parts that each fit one message."""
    parts: list[list[Document]] = []
    size = MOST_BYTES
    for item in items:
        length = len(json.dumps(item, ensure_ascii=False).encode()) + 2
        if size + length > MOST_BYTES or len(parts[-1]) == MOST_ITEMS:
            parts.append([])
            size = 0
        parts[-1].append(item)
        size += length
    return parts
