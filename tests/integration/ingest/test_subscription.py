"""What a real broker's persistent session keeps when its topic filters change."""

from __future__ import annotations

import time
from collections.abc import Sequence

from config import BrokerAddress
from ingest.broker import MqttBroker
from tests.servers.mosquitto import Mosquitto

A, B = "coldchain/v1/A/#", "coldchain/v1/B/#"


def connect(
    mosquitto: Mosquitto, filters: Sequence[str], dropped: Sequence[str] = ()
) -> MqttBroker:
    address = BrokerAddress.of(mosquitto.url)
    broker = MqttBroker(address, "ingest-test", filters, dropped)
    until = time.monotonic() + 60
    while not broker.is_connected:
        assert time.monotonic() < until
        broker.take(1, 0.1)
    return broker


def topics(broker: MqttBroker, number: int) -> set[bytes]:
    """Take and acknowledge so many messages, and whatever comes with them."""
    came: list[bytes] = []
    until = time.monotonic() + 60
    while len(came) < number:
        assert time.monotonic() < until, came
        batch = broker.take(100, 0.2)
        broker.acknowledge(batch)
        came += [delivery.topic for delivery in batch]
    return set(came)


def send(mosquitto: Mosquitto, *sites: str) -> None:
    for site in sites:
        mosquitto.publish(f"coldchain/v1/{site}/movements", "x")


def test_many_filters_are_heard_and_others_are_not(mosquitto: Mosquitto) -> None:
    filters = [f"coldchain/v1/SITE-{number}/#" for number in range(2_000)]
    broker = connect(mosquitto, filters)
    send(mosquitto, "A", "SITE-1999", "SITE-0")
    assert topics(broker, 2) == {
        b"coldchain/v1/SITE-1999/movements",
        b"coldchain/v1/SITE-0/movements",
    }
    broker.close()


def test_a_session_goes_on_with_a_filter_until_it_is_dropped(mosquitto: Mosquitto) -> None:
    connect(mosquitto, [A, B]).close()
    send(mosquitto, "A", "B")
    broker = connect(mosquitto, [B])
    assert len(topics(broker, 2)) == 2
    broker.unsubscribe([A])
    time.sleep(0.2)
    broker.take(1, 0.2)
    send(mosquitto, "A", "B")
    assert topics(broker, 1) == {b"coldchain/v1/B/movements"}
    broker.close()


def test_what_was_queued_before_a_filter_was_dropped_still_comes(mosquitto: Mosquitto) -> None:
    connect(mosquitto, [A, B]).close()
    send(mosquitto, "A")
    broker = connect(mosquitto, [B], dropped=[A])
    assert topics(broker, 1) == {b"coldchain/v1/A/movements"}
    send(mosquitto, "A", "B")
    assert topics(broker, 1) == {b"coldchain/v1/B/movements"}
    broker.close()


def test_a_session_without_any_filter_is_connected_and_hears_what_was_queued(
    mosquitto: Mosquitto,
) -> None:
    connect(mosquitto, [A]).close()
    send(mosquitto, "A")
    broker = connect(mosquitto, [], dropped=[A])
    assert topics(broker, 1) == {b"coldchain/v1/A/movements"}
    broker.close()
