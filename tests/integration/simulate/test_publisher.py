"""The publisher against both brokers, with a receiver that may forget to answer."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from amqtt.client import MQTTClient

from tests.servers.program import free_port, is_listening
from traceapp.publish.client import BrokerUnreachable, Document
from traceapp.simulate.publisher import AcknowledgementMissing, Publisher

Answer = Callable[[str, bytes], tuple[str, Document] | None]


@pytest.fixture(scope="module")
def embedded() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "traceapp.simulate.broker", "--port", str(port)]
    with subprocess.Popen(command) as child:
        for _ in range(100):
            if is_listening(port):
                break
            time.sleep(0.1)
        yield f"mqtt://127.0.0.1:{port}"
        child.terminate()


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> str:
    server = request.getfixturevalue(request.param)
    return str(getattr(server, "url", server))


class Receiver:
    """A stand-in for the record: answers each message as `answer` says."""

    def __init__(self, url: str, answer: Answer) -> None:
        self.url, self.answer = url, answer
        self.came: list[tuple[str, bytes]] = []
        self.listening, self.stopped = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._listen()))

    async def _listen(self) -> None:
        client = MQTTClient(config={"auto_reconnect": False})
        await client.connect(self.url)
        await client.subscribe([("coldchain/v1/#", 1)])
        self.listening.set()
        while not self.stopped.is_set():
            try:
                message = await client.deliver_message(timeout_duration=0.2)
            except TimeoutError:
                continue
            if message is None or not message.topic.endswith(("/readings", "/movements")):
                if message is not None:
                    self.came.append((message.topic, bytes(message.data)))
                continue
            self.came.append((message.topic, bytes(message.data)))
            said = self.answer(message.topic, bytes(message.data))
            if said is not None:
                await client.publish(said[0], json.dumps(said[1]).encode(), qos=1)
        await client.disconnect()
        await asyncio.sleep(0.1)  # The client closes its socket a moment later.

    def __enter__(self) -> Receiver:
        self.thread.start()
        assert self.listening.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join(10)


def _acknowledge(topic: str, payload: bytes) -> tuple[str, Document]:
    message = json.loads(payload)
    items = message.get("readings") or message.get("movements")
    answer = {"ref": message["ref"], "stored": len(items), "repeated": 0, "refused": 0}
    return topic.rsplit("/", 1)[0] + "/acks", answer


def _reading(minute: int) -> Document:
    return {"at": f"2026-11-20T08:{minute % 60:02d}:00Z", "celsius": 4.2, "seq": minute}


def test_everything_is_kept_until_the_record_has_acknowledged_it(broker: str) -> None:
    with Receiver(broker, _acknowledge) as receiver, Publisher(broker) as publisher:
        publisher.connect("4514810001/45-000017")
        publisher.announce(["4514810001/45-000017"])
        publisher.send_readings("4514810001", "45-000017", [_reading(n) for n in range(1186)])
        publisher.send_movements("4514810001", [{"id": "1"}])
        publisher.settle(20)
        assert publisher.waiting == 0
        assert publisher.tally.stored == 1187
        sent = [json.loads(data) for topic, data in receiver.came if topic.endswith("/readings")]
        assert [len(message["readings"]) for message in sent] == [186, 1000]
        assert ("coldchain/v1/4514810001/45-000017/status", b"online") in receiver.came


def test_what_nobody_acknowledged_is_sent_again(broker: str) -> None:
    seen: set[bytes] = set()

    def forget_the_first(topic: str, payload: bytes) -> tuple[str, Document] | None:
        if payload in seen:
            return _acknowledge(topic, payload)
        seen.add(payload)
        return None

    with Receiver(broker, forget_the_first), Publisher(broker, patience_s=0.5) as publisher:
        publisher.connect()
        publisher.send_readings("4514810001", "45-000018", [_reading(1)])
        publisher.settle(20)
        assert publisher.tally.stored == 1
        assert publisher.tally.sent_again >= 1


def test_a_message_refused_as_a_whole_is_not_sent_again(broker: str) -> None:
    def refuse(topic: str, payload: bytes) -> tuple[str, Document]:
        digest = hashlib.sha256(payload).hexdigest()
        return "coldchain/v1/4514810001/rejections", {"topic": topic, "sha256": digest}

    with Receiver(broker, refuse), Publisher(broker) as publisher:
        publisher.connect()
        publisher.send_movements("4514810001", [{"id": "1"}])
        publisher.settle(20)
        assert publisher.tally.refused == 1
        assert len(publisher.tally.rejections) == 1


def test_no_more_than_so_many_messages_wait_at_once(broker: str) -> None:
    most = 0

    def look(topic: str, payload: bytes) -> tuple[str, Document]:
        nonlocal most
        most = max(most, publisher.waiting)
        return _acknowledge(topic, payload)

    publisher = Publisher(broker, most_kept=3)
    with Receiver(broker, look), publisher:
        publisher.connect()
        for number in range(20):
            publisher.send_readings("4514810001", "45-000019", [_reading(number)])
        publisher.settle(20)
    assert 1 <= most <= 3


def test_without_an_answer_settling_says_what_is_missing(broker: str) -> None:
    with Publisher(broker) as publisher:
        publisher.connect()
        publisher.send_readings("4514810001", "45-000020", [_reading(1)])
        with pytest.raises(AcknowledgementMissing, match="got none for 1 messages"):
            publisher.settle(0.5)


def test_a_broker_that_is_not_there_is_named() -> None:
    with pytest.raises(BrokerUnreachable, match="Expected a broker at 127"):
        Publisher(f"mqtt://127.0.0.1:{free_port()}").connect()
    with pytest.raises(BrokerUnreachable, match="Expected mqtt"):
        Publisher("http://127.0.0.1")


def test_clients_that_come_all_at_once_are_all_answered(embedded: str) -> None:
    """A retained message that many filters match makes the broker pause while it walks them."""

    came: list[MQTTClient] = []

    async def come(number: int) -> None:
        client = MQTTClient(config={"auto_reconnect": False})
        await client.connect(embedded)
        if number == 0:
            await client.publish("coldchain/v1/SITE/S/status", b"online", qos=1, retain=True)
        await client.subscribe([(f"coldchain/v1/+/S/{'+/' * (number % 2)}status", 1), ("#", 1)])
        await client.subscribe([(f"coldchain/v1/SITE/{number}/acks", 1)])
        came.append(client)

    async def come_all() -> None:
        await come(0)
        await asyncio.wait_for(asyncio.gather(*(come(number) for number in range(1, 40))), 60)
        for client in came:
            await client.disconnect()
        await asyncio.sleep(0.1)  # The clients close their sockets a moment later.

    asyncio.run(come_all())
    assert len(came) == 40
    gc.collect()  # A socket that was left open is this test's fault and no other's.
