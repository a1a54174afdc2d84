"""What the line expects of a broker: the same of the fake one and of Mosquitto."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Protocol

import pytest

from config.addresses import BrokerAddress
from ingest.broker import MqttBroker
from ingest.delivery import Broker, BrokerRefused, Delivery
from tests.fakes.broker import FakeBroker
from tests.servers.mosquitto import Mosquitto

TOPIC = "coldchain/v1/S/X/readings"


class Outside(Protocol):
    """The other side of a broker: those who publish, listen, and pull cables."""

    def connect(self) -> Broker: ...
    def send(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None: ...
    def send_all(self, topic: str, payloads: list[str]) -> None: ...
    def cut(self) -> None: ...
    def wait_until_heard(self, topic: str, payload: str) -> None: ...


class OutsideFake:
    """The fake broker is its own other side."""

    def __init__(self) -> None:
        self._broker = FakeBroker()
        self.cut = self._broker.cut
        self.send = self._broker.send

    def connect(self) -> Broker:
        self._broker.take(0, 0)
        return self._broker

    def send_all(self, topic: str, payloads: list[str]) -> None:
        for payload in payloads:
            self._broker.send(topic, payload)

    def wait_until_heard(self, topic: str, payload: str) -> None:
        assert (topic, payload.encode()) in self._broker.heard


class _PatientBroker(MqttBroker):
    """Our own broker edge, which keeps what came while the test waited for the connection."""

    kept: list[Delivery]

    def wait_for_connection(self) -> None:
        self.kept = _take_until(super().take, lambda _: self.is_connected)

    def take(self, most: int, wait_s: float) -> list[Delivery]:
        kept, self.kept = self.kept, []
        return kept or super().take(most, wait_s)


class OutsideMosquitto:
    """Mosquitto's own clients, and its restart for a cut."""

    def __init__(self, mosquitto: Mosquitto, folder: Path) -> None:
        self._mosquitto = mosquitto
        self._listener = mosquitto.listen("coldchain/#", folder / "heard")
        self._brokers: list[Broker] = []

    def connect(self) -> Broker:
        broker = _PatientBroker(BrokerAddress.of(self._mosquitto.url), "ingest-test")
        self._brokers.append(broker)
        broker.wait_for_connection()
        return broker

    def send(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        self._mosquitto.publish(topic, payload, *(["-r"] if is_retained else []))

    def send_all(self, topic: str, payloads: list[str]) -> None:
        self._mosquitto.publish_lines(topic, payloads)

    def cut(self) -> None:
        self._mosquitto.stop()
        self._mosquitto.start()

    def wait_until_heard(self, topic: str, payload: str) -> None:
        self._listener.wait_for_output(f"{topic} {payload}")

    def close(self) -> None:
        for broker in self._brokers:
            broker.close()


@pytest.fixture(params=["fake", "mosquitto"])
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Outside, None, None]:
    if request.param == "fake":
        yield OutsideFake()
        return
    real = OutsideMosquitto(request.getfixturevalue("mosquitto"), tmp_path)
    yield real
    real.close()


def take_until(
    broker: Broker, is_enough: Callable[[list[Delivery]], bool], most: int = 100
) -> list[Delivery]:
    """Take until the test has what it waits for; what was taken is not acknowledged."""
    return _take_until(broker.take, is_enough, most)


def _take_until(
    take_some: Callable[[int, float], list[Delivery]],
    is_enough: Callable[[list[Delivery]], bool],
    most: int = 100,
) -> list[Delivery]:
    taken: list[Delivery] = []
    until = time.monotonic() + 20
    while not is_enough(taken):
        assert time.monotonic() < until, f"only {taken} came"
        taken += take_some(most, 0.2)
    return taken


def take(broker: Broker, count: int, most: int = 100) -> list[Delivery]:
    return take_until(broker, lambda taken: len(taken) >= count, most)


def payloads(deliveries: list[Delivery]) -> list[bytes]:
    return [delivery.payload for delivery in deliveries]


def test_a_message_comes_with_its_topic_and_its_bytes(outside: Outside) -> None:
    broker = outside.connect()
    outside.send(TOPIC, b"\x00\xff binary")
    [delivery] = take(broker, 1)
    assert (delivery.topic, delivery.payload) == (TOPIC.encode(), b"\x00\xff binary")
    assert (delivery.qos, delivery.is_retained, delivery.is_repeated) == (1, False, False)


def test_messages_come_in_the_order_in_which_they_were_sent(outside: Outside) -> None:
    broker = outside.connect()
    sent = [f"{number}" for number in range(50)]
    outside.send_all(TOPIC, sent)
    came: list[bytes] = []
    while len(came) < len(sent):
        batch = take(broker, 1)
        assert broker.acknowledge(batch) == len(batch)
        came += payloads(batch)
    assert came == [text.encode() for text in sent]


def test_no_more_is_taken_than_was_asked_for(outside: Outside) -> None:
    broker = outside.connect()
    outside.send_all(TOPIC, ["a", "b", "c", "d", "e"])
    first = take(broker, 1, most=2)
    assert len(first) <= 2
    assert len(broker.take(2, 1)) <= 2


def test_no_more_is_taken_while_answers_of_ours_wait(outside: Outside) -> None:
    broker = outside.connect()
    outside.send_all(TOPIC, [str(number) for number in range(15)])
    time.sleep(0.5)  # All of them lie in our socket now.
    for number in range(15):
        assert broker.publish("coldchain/v1/S/rejections", f"{number}".encode())
    came: list[int] = []
    deadline = time.monotonic() + 60
    while sum(came) < 15 and time.monotonic() < deadline:
        taken = broker.take(4, 0.5)
        came.append(len([one for one in taken if one.topic == TOPIC.encode()]))
        broker.acknowledge(taken)
    assert sum(came) == 15
    assert max(came) <= 4


def test_what_was_not_acknowledged_comes_again_and_what_was_does_not(outside: Outside) -> None:
    broker = outside.connect()
    outside.send_all(TOPIC, ["a", "b", "c"])
    first, *_ = take(broker, 3)
    assert broker.acknowledge([first]) == 1
    broker.take(1, 0.2)
    broker.close()
    again = take(outside.connect(), 2)
    assert payloads(again) == [b"b", b"c"]
    assert all(delivery.is_repeated for delivery in again)


def test_an_acknowledgement_never_crosses_connections(outside: Outside) -> None:
    broker = outside.connect()
    outside.send_all(TOPIC, ["a", "b"])
    old = take(broker, 2)
    outside.cut()
    again = take(broker, 2)
    assert payloads(again) == [b"a", b"b"]
    assert broker.acknowledge(old) == 0
    outside.cut()
    assert payloads(take(broker, 2)) == [b"a", b"b"]


def test_what_is_sent_while_nobody_listens_is_there_afterwards(outside: Outside) -> None:
    outside.connect().close()
    outside.send(TOPIC, b"meanwhile")
    assert payloads(take(outside.connect(), 1)) == [b"meanwhile"]


def test_a_topic_nobody_knows_comes_too(outside: Outside) -> None:
    broker = outside.connect()
    outside.send("coldchain/v1/not/one/of/ours", b"?")
    assert [delivery.topic for delivery in take(broker, 1)] == [b"coldchain/v1/not/one/of/ours"]


def test_an_answer_is_heard_by_those_who_listen_and_comes_back_to_us(outside: Outside) -> None:
    broker = outside.connect()
    assert broker.publish("coldchain/v1/S/rejections", b'{"reason":"invalid"}')
    [echo] = take(broker, 1)
    assert echo.topic == b"coldchain/v1/S/rejections"
    outside.wait_until_heard("coldchain/v1/S/rejections", '{"reason":"invalid"}')


def test_without_a_connection_an_answer_is_not_taken(outside: Outside) -> None:
    broker = outside.connect()
    broker.close()
    assert not broker.is_connected
    assert not broker.publish("coldchain/v1/S/rejections", b"{}")


def test_a_retained_message_is_marked_as_the_old_one_that_it_is(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    outside = OutsideMosquitto(mosquitto, tmp_path)
    outside.send(TOPIC, b"old", is_retained=True)
    broker = outside.connect()
    [delivery] = take(broker, 1)
    assert (delivery.payload, delivery.is_retained) == (b"old", True)
    outside.close()


def test_many_messages_come_whole_and_once_through_a_small_window(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    outside = OutsideMosquitto(mosquitto, tmp_path)
    broker = outside.connect()
    sent = [f"{number:05d}".ljust(200, ".") for number in range(1_000)]
    outside.send_all(TOPIC, sent)
    came: list[bytes] = []
    until = time.monotonic() + 30
    while len(came) < len(sent) and time.monotonic() < until:
        batch = broker.take(1_000, 0.5)
        came += payloads(batch)
        broker.acknowledge(batch)
    assert came == [text.encode() for text in sent]
    outside.close()


def test_a_message_larger_than_any_buffer_comes_whole(mosquitto: Mosquitto, tmp_path: Path) -> None:
    outside = OutsideMosquitto(mosquitto, tmp_path)
    broker = outside.connect()
    payload = bytes(range(256)) * 1_200
    outside.send(TOPIC, payload)
    assert payloads(take(broker, 1)) == [payload]
    outside.close()


def test_a_refused_connection_is_said_and_not_waited_out(mosquitto: Mosquitto) -> None:
    configuration = mosquitto.folder / "mosquitto.conf"
    configuration.write_text(
        configuration.read_text().replace("allow_anonymous true", "allow_anonymous false")
    )
    mosquitto.stop()
    mosquitto.start()
    broker = MqttBroker(BrokerAddress.of(mosquitto.url), "ingest-test")
    with pytest.raises(BrokerRefused, match="refused the connection: Not authorized"):
        take_until(broker, lambda _: False)


def test_a_broker_that_is_not_there_yet_is_waited_for(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    broker = MqttBroker(BrokerAddress.of(mosquitto.url), "ingest-test")
    assert broker.take(1, 0.05) == []
    assert not broker.is_connected
    mosquitto.start()
    take_until(broker, lambda _: broker.is_connected)
    broker.close()
