"""What a real broker's persistent session keeps when its topic filters change."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from config import BrokerAddress
from ingest.broker import MqttBroker
from tests.servers.mosquitto import Mosquitto

A, B = "coldchain/v1/A/#", "coldchain/v1/B/#"


class Session:
    """Our end of one connection of the session, and every topic that came over it."""

    def __init__(
        self, mosquitto: Mosquitto, filters: Sequence[str], dropped: Sequence[str] = ()
    ) -> None:
        address = BrokerAddress.of(mosquitto.url)
        self.broker = MqttBroker(address, "ingest-test", filters, dropped)
        self.came: list[bytes] = []
        self.turn_until(lambda: self.broker.is_connected)

    def turn_until(self, is_so: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < until, self.came
            batch = self.broker.take(100, 0.2)
            self.broker.acknowledge(batch)
            self.came += [delivery.topic for delivery in batch]

    def topics(self, number: int) -> set[bytes]:
        """Return the topics of the next messages: so many, and whatever comes with them."""
        self.turn_until(lambda: len(self.came) >= number)
        came, self.came = self.came, []
        return set(came)


def send(mosquitto: Mosquitto, *sites: str) -> None:
    for site in sites:
        mosquitto.publish(f"coldchain/v1/{site}/movements", "x")


def test_many_filters_are_heard_and_others_are_not(mosquitto: Mosquitto) -> None:
    filters = [f"coldchain/v1/SITE-{number}/#" for number in range(2_000)]
    session = Session(mosquitto, filters)
    send(mosquitto, "A", "SITE-1999", "SITE-0")
    assert session.topics(2) == {
        b"coldchain/v1/SITE-1999/movements",
        b"coldchain/v1/SITE-0/movements",
    }
    session.broker.close()


def test_a_session_goes_on_with_a_filter_until_it_is_dropped(mosquitto: Mosquitto) -> None:
    Session(mosquitto, [A, B]).broker.close()
    send(mosquitto, "A", "B")
    session = Session(mosquitto, [B])
    assert len(session.topics(2)) == 2
    session.broker.unsubscribe([A])
    mosquitto.wait_for_output("Sending UNSUBACK to ingest-test")
    send(mosquitto, "A", "B")
    assert session.topics(1) == {b"coldchain/v1/B/movements"}
    session.broker.close()


def test_what_was_queued_before_a_filter_was_dropped_still_comes(mosquitto: Mosquitto) -> None:
    Session(mosquitto, [A, B]).broker.close()
    send(mosquitto, "A")
    session = Session(mosquitto, [B], dropped=[A])
    assert session.topics(1) == {b"coldchain/v1/A/movements"}
    send(mosquitto, "A", "B")
    assert session.topics(1) == {b"coldchain/v1/B/movements"}
    session.broker.close()


def test_a_session_without_any_filter_is_connected_and_hears_what_was_queued(
    mosquitto: Mosquitto,
) -> None:
    Session(mosquitto, [A]).broker.close()
    send(mosquitto, "A")
    session = Session(mosquitto, [], dropped=[A])
    assert session.topics(1) == {b"coldchain/v1/A/movements"}
    session.broker.close()
