"""``python -m tests.chaos.publisher FOLDER SITE``: a publisher that remembers what it was promised.

It speaks the contract and nothing else of ours: a message is sent until its answer has come, and
the answer is on disk before the message is forgotten. Killed and started again it goes on where
its journal ends. Where the plan trusts the broker's PUBACK, that is the answer.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.chaos.message import ROOT, Message, write_messages
from tests.chaos.plan import Plan

_IN_FLIGHT = 40
_PATIENCE_S = 3.0


class Journal:
    """Which messages were answered, on disk before anybody relies on it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab+")
        self._file.seek(0)
        self.answered: dict[int, set[int]] = {}
        for line in whole_lines(self._file.read()):
            self.answered.setdefault(line["wave"], set()).add(line["index"])

    def note(self, entries: Iterable[dict[str, Any]]) -> None:
        """Write what was answered; durable on return."""
        for entry in entries:
            self._file.write(json.dumps(entry).encode() + b"\n")
            self.answered.setdefault(entry["wave"], set()).add(entry["index"])
        self._file.flush()
        os.fsync(self._file.fileno())


def whole_lines(content: bytes) -> list[dict[str, Any]]:
    """Return the entries of a journal; a kill may have left half of one anywhere."""
    entries = []
    for line in content.split(b"\n"):
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


class Publisher:
    """One run of a publisher, from its journal to the end of the wave after which it is told."""

    def __init__(self, folder: Path, source: str, port: int) -> None:
        self.plan, self.source = Plan.load(folder), source
        self.journal = Journal(folder / f"journal-{source}.jsonl")
        self._finish = folder / "finish"
        self._heard: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._flying: dict[int, tuple[Message, float]] = {}
        self._mids: dict[int, int] = {}
        self._sessions = 0
        self._credit, self._credited_at = 0.0, time.monotonic()
        self._client = self._connected_client(port)

    def run(self) -> None:
        """Publish wave after wave; leave none half, not even one begun before we were killed."""
        may_be_begun = max(self.journal.answered, default=-1) + 1
        for wave in range(self.plan.waves):
            self._publish(write_messages(self.plan, self.source, wave), wave)
            if self._finish.exists() and wave >= may_be_begun:
                break
        self._client.disconnect()

    # ---- speaking

    def _publish(self, messages: list[Message], wave: int) -> None:
        done = self.journal.answered.setdefault(wave, set())
        self._flying.clear()
        while len(done) < len(messages):
            self._listen()
            self._send_again()
            self._send_new(messages, done)

    def _send_new(self, messages: list[Message], done: set[int]) -> None:
        left = [m for m in messages if m.index not in done and m.index not in self._flying]
        for message in left[: 4 * _IN_FLIGHT]:
            if len(self._flying) >= _IN_FLIGHT or not self._may_send(message):
                return
            if message.after is None or message.after in done:
                self._send(message)

    def _may_send(self, message: Message) -> bool:
        """Keep to the plan's rate until the kills are over."""
        now = time.monotonic()
        self._credit += (now - self._credited_at) * self.plan.rate
        self._credit, self._credited_at = min(self._credit, self.plan.rate), now
        if self._credit < 0 and not self._finish.exists():
            return False
        self._credit -= len(message.readings) + 1
        return True

    def _send_again(self) -> None:
        if not self._client.is_connected():
            return
        for message, sent_at in list(self._flying.values()):
            if time.monotonic() - sent_at > _PATIENCE_S and not self.plan.trusts_puback:
                self._send(message)

    def _send(self, message: Message) -> None:
        sent = self._client.publish(message.topic, message.payload, qos=1)
        self._mids[sent.mid] = message.index
        self._flying[message.index] = message, time.monotonic()

    # ---- being answered

    def _listen(self) -> None:
        answered: list[tuple[Message, Any]] = []
        try:
            heard = [self._heard.get(timeout=0.05)]
            while not self._heard.empty():
                heard.append(self._heard.get_nowait())
        except queue.Empty:
            return
        for kind, answer in heard:
            message = self._meant(kind, answer)
            if message is not None:
                answered.append((message, answer))
                del self._flying[message.index]
        if answered:
            self.journal.note(_entry(message, answer) for message, answer in answered)

    def _meant(self, kind: str, answer: Any) -> Message | None:
        """The message in flight that an answer is about, if any."""
        if kind == "taken":
            index = self._mids.pop(answer, None)
            is_enough = self.plan.trusts_puback and index in self._flying
            return self._flying[index][0] if is_enough and index is not None else None
        for message, _ in self._flying.values():
            is_garbage = not message.readings and not message.conflicts
            if kind == "acks" and answer.get("ref") == message.ref and not is_garbage:
                return message
            if kind == "rejections" and is_garbage and answer.get("sha256") == message.sha256:
                return message
        return None

    # ---- the connection

    def _connected_client(self, port: int) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self.source}-{secrets.token_hex(3)}",
            protocol=mqtt.MQTTv311,
        )
        client.reconnect_delay_set(1, 1)
        client.on_connect = self._on_connect
        client.on_publish = lambda _c, _u, mid, *_: self._heard.put(("taken", mid))
        client.on_message = self._on_message
        client.connect_async("127.0.0.1", port, keepalive=30)
        client.loop_start()
        return client

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        topics = (f"{ROOT}/{self.source}/+/acks", f"{ROOT}/{self.source}/rejections")
        client.subscribe([(topic, 1) for topic in topics])

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._heard.put((message.topic.rpartition("/")[2], json.loads(message.payload)))


def _entry(message: Message, answer: Any) -> dict[str, Any]:
    """What the journal holds of an answer: all that it vouches for."""
    return {
        "wave": message.wave,
        "index": message.index,
        "answer": answer,
        "expected": [len(message.readings), len(message.conflicts) + len(message.refused)],
        "readings": [[r.sensor, r.at.isoformat(), r.celsius] for r in message.readings],
        "conflicts": [[r.sensor, r.at.isoformat(), r.celsius] for r in message.conflicts],
        "refused": [
            [message.topic, reason, content.decode()] for reason, content in message.refused
        ],
    }


if __name__ == "__main__":
    Publisher(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run()
