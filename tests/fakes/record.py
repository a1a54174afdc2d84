"""A stand-in for the ingester: it hears readings and answers them as it is told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from amqtt.client import MQTTClient

Document = dict[str, Any]
#: From the topic and the payload of readings to the topics and documents that answer them.
Answers = Callable[[str, bytes], Iterator[tuple[str, Document]]]


class FakeRecord:
    """Remembers every message of readings and every status, and publishes what `answers` says."""

    def __init__(self, url: str, answers: Answers) -> None:
        self.url, self.answers = url, answers
        self.heard: list[Document] = []
        self.statuses: list[tuple[str, bytes]] = []
        self._listening, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()))

    def readings(self) -> list[Document]:
        """Return every reading that came, as often as it came."""
        return [reading for message in self.heard for reading in message["readings"]]

    async def _listen(self) -> None:
        client = MQTTClient(config={"auto_reconnect": False})
        await client.connect(self.url)
        await client.subscribe([("coldchain/v1/#", 1)])
        self._listening.set()
        while not self._stopped.is_set():
            try:
                message = await client.deliver_message(timeout_duration=0.1)
            except TimeoutError:
                continue
            if message is None:
                continue
            topic, payload = message.topic, bytes(message.data)
            if topic.endswith("/status"):
                self.statuses.append((topic, payload))
            elif topic.endswith("/readings"):
                self.heard.append(json.loads(payload))
                for where, answer in self.answers(topic, payload):
                    await client.publish(where, json.dumps(answer).encode(), qos=1)
        await client.disconnect()
        await asyncio.sleep(0.1)  # The client closes its socket a moment later.

    def __enter__(self) -> FakeRecord:
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)


def acknowledgement(topic: str, payload: bytes, refused: int = 0) -> tuple[str, Document]:
    """Return what the ingester answers to a message, some of it refused."""
    message = json.loads(payload)
    stored = len(message["readings"]) - refused
    answer = {"ref": message["ref"], "stored": stored, "repeated": 0, "refused": refused}
    return topic.removesuffix("readings") + "acks", answer


def rejection(topic: str, payload: bytes, field: str = "at") -> tuple[str, Document]:
    """Return the report of a refusal."""
    report = {
        "topic": topic,
        "reason": "future",
        "field": field,
        "expected": "a moment of today",
        "got": "2099",
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    return "/".join([*topic.split("/")[:3], "rejections"]), report
