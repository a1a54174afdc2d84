"""The line over TLS: a broker whose certificate is trusted, and one whose is not."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from config.addresses import BrokerAddress
from ingest.broker import MqttBroker
from ingest.delivery import Delivery
from tests.servers.certificate import Certificate, make_certificate
from tests.servers.mosquitto import Mosquitto
from tests.servers.program import free_port


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def address(mosquitto: Mosquitto, certificate: Certificate) -> BrokerAddress:
    """A second listener of the broker, which speaks TLS."""
    port = free_port()
    configuration = mosquitto.folder / "mosquitto.conf"
    told = [f"listener {port} 127.0.0.1", f"certfile {certificate.certificate}"]
    told += [f"keyfile {certificate.key}", "max_inflight_messages 500"]
    configuration.write_text(configuration.read_text() + "\n".join(told) + "\n")
    mosquitto.stop()
    mosquitto.start()
    return BrokerAddress.of(f"mqtts://127.0.0.1:{port}")


def test_messages_come_whole_through_tls_and_are_acknowledged(
    address: BrokerAddress,
    certificate: Certificate,
    mosquitto: Mosquitto,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.certificate))
    broker = MqttBroker(address, "ingest-test")
    until = time.monotonic() + 20
    while not broker.is_connected and time.monotonic() < until:
        assert broker.take(1, 0.2) == []
    sent = [json.dumps({"number": number, "filling": "." * 500}) for number in range(400)]
    mosquitto.publish_lines("coldchain/v1/S/X/readings", sent)
    came: list[Delivery] = []
    while len(came) < len(sent) and time.monotonic() < until:
        batch = broker.take(30, 0.5)
        assert broker.acknowledge(batch) == len(batch)
        came += batch
    assert [delivery.payload.decode() for delivery in came] == sent
    broker.close()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_whom_nobody_vouches_for_hears_nothing_of_us(address: BrokerAddress) -> None:
    broker = MqttBroker(address, "ingest-test")
    for _ in range(3):
        assert broker.take(1, 0.1) == []
    assert not broker.is_connected
    broker.close()
