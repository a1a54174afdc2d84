"""``kill -9`` in the middle: what was acknowledged is in the database, whoever is killed."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgresql import PostgreSQL
from tests.servers.program import wait_until
from tests.system.district import CLINIC, FRIDGE_SENSOR
from tests.system.installation import Gateway, Installation, prepare

MESSAGES, EACH = 300, 5
BEGIN = datetime(2021, 5, 9, tzinfo=UTC)


class PersistentGateway:
    """A gateway that keeps each message until its acknowledgement came, and sends it again."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._topic = gateway.topic("readings", FRIDGE_SENSOR)
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._send_until_acknowledged)
        self.readings = {f"m{i}": self._readings(i) for i in range(MESSAGES)}

    @staticmethod
    def _readings(number: int) -> list[dict[str, object]]:
        first = BEGIN + timedelta(minutes=number * EACH)
        return [
            {"at": (first + timedelta(minutes=i)).isoformat(), "celsius": 4 + i / 10}
            for i in range(EACH)
        ]

    def acknowledged(self) -> set[str]:
        """Return which messages we need not keep any more."""
        topic = self._gateway.topic("acks", FRIDGE_SENSOR)
        return {str(ack["ref"]) for ack in self._gateway.heard(topic)}

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._is_stopping.set()
        self._thread.join()

    def _send_until_acknowledged(self) -> None:
        while not self._is_stopping.is_set():
            waiting = [ref for ref in self.readings if ref not in self.acknowledged()]
            for start in range(0, len(waiting), 20):
                refs = waiting[start : start + 20]
                lines = [json.dumps({"ref": r, "readings": self.readings[r]}) for r in refs]
                self._gateway.broker.publish_lines(self._topic, lines)
                if self._is_stopping.wait(0.05):
                    return
            self._is_stopping.wait(1)


@pytest.fixture
def sending(
    installation: Installation, clinic: Gateway
) -> Generator[PersistentGateway, None, None]:
    """A gateway that sends during the test."""
    gateway = PersistentGateway(clinic)
    gateway.start()
    yield gateway
    gateway.stop()


def assert_nothing_acknowledged_is_lost(
    installation: Installation, gateway: PersistentGateway
) -> None:
    """Wait until all is acknowledged, stop, and compare the database with what was sent."""
    wait_until(lambda: len(gateway.acknowledged()) == MESSAGES, "all is acknowledged", 90)
    gateway.stop()
    assert installation.count("reading") == MESSAGES * EACH
    assert installation.count("conflict") == 0
    assert installation.count("rejection") == 0


def test_killing_the_ingester_again_and_again_loses_nothing(
    installation: Installation, sending: PersistentGateway
) -> None:
    pause = random.Random(2021)
    for _ in range(6):
        time.sleep(pause.uniform(0.2, 0.8))
        seen = sending.acknowledged()
        installation.processes["ingest"].kill()
        stored = installation.count("reading")
        assert stored >= len(seen) * EACH
        installation.start_ingester()
    assert_nothing_acknowledged_is_lost(installation, sending)
    installation.assert_all_run()


def test_killing_postgresql_loses_nothing_and_the_line_goes_on(
    run_process: RunProcess,
    tmp_path: Path,
    own_postgresql: PostgreSQL,
    mosquitto: Mosquitto,
    mailbox: Mailbox,
) -> None:
    url = own_postgresql.url(own_postgresql.create_database())
    token = prepare(url, tmp_path)
    installation = Installation(run_process, tmp_path, url, token, mosquitto, mailbox)
    installation.start()
    gateway = PersistentGateway(Gateway(mosquitto, CLINIC, tmp_path))
    gateway.start()
    try:
        for _ in range(3):
            time.sleep(0.5)
            own_postgresql.kill()
            seen = gateway.acknowledged()
            time.sleep(0.5)
            own_postgresql.start()
            assert installation.count("reading") >= len(seen) * EACH
            restart_what_ended(installation)
        assert_nothing_acknowledged_is_lost(installation, gateway)
        wait_until(installation.is_ready, "the web is ready again")
    finally:
        gateway.stop()


def test_killing_the_broker_loses_nothing_that_was_acknowledged(
    installation: Installation, sending: PersistentGateway
) -> None:
    wait_until(lambda: len(sending.acknowledged()) > 20, "some is acknowledged")
    sending.stop()
    seen = sending.acknowledged()
    installation.broker.kill()
    assert installation.count("reading") >= len(seen) * EACH
    installation.broker.start()
    again = PersistentGateway(Gateway(installation.broker, CLINIC, new_folder(installation)))
    again.start()
    try:
        assert_nothing_acknowledged_is_lost(installation, again)
    finally:
        again.stop()
    installation.assert_all_run()


def restart_what_ended(installation: Installation) -> None:
    """Do what a supervisor does: a process that the world's fault has ended is started again."""
    if installation.processes["ingest"].exit_status is not None:
        installation.start_ingester()


def new_folder(installation: Installation) -> Path:
    """Return a folder for a second listener's output."""
    folder = installation.folder / "after"
    folder.mkdir()
    return folder
