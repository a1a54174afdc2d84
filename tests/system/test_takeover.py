"""Two partitions and three ingesters: one is killed, one is paused, and everything goes on."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.program import Program, wait_until
from tests.system.installation import Gateway, Installation
from tests.system.oracle import WHO_FRIDGE, Episode, judge
from tests.system.series import Measured

BEGIN = datetime(2021, 5, 9, tzinfo=UTC)
SITES = {"NORTH-1": ("N-1", "N-2"), "SOUTH-1": ("S-1", "S-2")}
PARTITIONS = "north=NORTH-1;south=coldchain/v1/SOUTH-1/#"
EACH, STEP = 5, timedelta(minutes=5)
PATIENCE_S = 90.0


def registry_lines() -> str:
    """Return two sites with two refrigerators each, as registry documents."""
    documents: list[dict[str, Any]] = []
    for site, sensors in SITES.items():
        documents.append(
            {"kind": "site", "code": site, "name": site, "type": "clinic", "division": "451481"}
        )
        for code in sensors:
            documents += [
                {"kind": "unit", "code": code, "site": site, "name": code,
                 "type": "refrigerator", "profile": "who-fridge"},
                {"kind": "sensor", "code": code, "unit": code, "interval_s": 300},
            ]  # fmt: skip
    return "".join(json.dumps(document) + "\n" for document in documents)


def celsius(number: int) -> float:
    """A day and a half: well, frozen for 110 minutes, well, too warm for eleven hours, well."""
    place = number % 432
    if 60 <= place < 82:
        return -1.0 - place % 3 / 10
    return 9.0 + place % 7 / 10 if 150 <= place < 282 else 5.0 + place % 10 / 10


class Sensors:
    """A site's sensors: each message is sent again and again until its acknowledgement came."""

    def __init__(self, gateway: Gateway, sensors: tuple[str, ...]) -> None:
        self.gateway, self.sensors = gateway, sensors
        self.sent = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def start(self) -> None:
        """Begin to send, ten messages a second of each sensor."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing new."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def finish(self) -> None:
        """Stop, and wait until all that was sent is acknowledged."""
        self.stop()
        wait_until(self._send_missing, "all is acknowledged", PATIENCE_S)

    def acknowledged(self, sensor: str) -> set[str]:
        """Return the references of the messages of one sensor that are in the record."""
        heard = self.gateway.heard(self.gateway.topic("acks", sensor))
        return {str(ack["ref"]) for ack in heard}

    def series(self) -> list[Measured]:
        """Return what every sensor has measured so far."""
        return [Measured(BEGIN + i * STEP, celsius(i)) for i in range(self.sent * EACH)]

    def _send(self) -> None:
        while not self._is_over.wait(1.0):
            new = range(self.sent, self.sent + 10)
            for sensor in self.sensors:
                self._publish(sensor, [str(number) for number in new])
            self.sent += len(new)

    def _send_missing(self) -> bool:
        missing = 0
        for sensor in self.sensors:
            known = self.acknowledged(sensor)
            refs = [str(number) for number in range(self.sent) if str(number) not in known]
            missing += len(refs)
            if refs:
                self._publish(sensor, refs[:50])
        if missing:
            time.sleep(1)
        return missing == 0

    def _publish(self, sensor: str, refs: list[str]) -> None:
        lines = [json.dumps({"ref": ref, "readings": self._readings(int(ref))}) for ref in refs]
        self.gateway.broker.publish_lines(self.gateway.topic("readings", sensor), lines)

    def _readings(self, number: int) -> list[dict[str, object]]:
        places = range(number * EACH, (number + 1) * EACH)
        return [{"at": (BEGIN + i * STEP).isoformat(), "celsius": celsius(i)} for i in places]


@pytest.fixture
def installed(
    run_process: RunProcess,
    tmp_path: Path,
    prepared_postgresql: tuple[str, str],
    mosquitto: Mosquitto,
    mailbox: Mailbox,
) -> Installation:
    """An installation with two partitions, and no process yet."""
    url, token = prepared_postgresql
    made = Installation(run_process, tmp_path, url, token, mosquitto, mailbox)
    registry = tmp_path / "partitions.jsonl"
    registry.write_text(registry_lines(), encoding="utf-8")
    made.command("registry", "load", str(registry))
    made.environ["TRACEAPP_PARTITIONS"] = PARTITIONS
    return made


@pytest.fixture
def sites(installed: Installation, tmp_path: Path) -> Generator[list[Sensors], None, None]:
    """The sensors of both sites."""
    made = [
        Sensors(Gateway(installed.broker, site, tmp_path), sensors)
        for site, sensors in SITES.items()
    ]
    yield made
    for one in made:
        one.stop()


def start(installed: Installation) -> Program:
    """Start one more ingester; all have the same settings."""
    return installed.run(["-m", "ingest"], installed.environ)


def holder_of(partition: str, processes: list[Program]) -> Program | None:
    """Return the process that said last that it had taken a partition and still runs."""
    said = f'"partition": "{partition}"'
    for process in reversed(processes):
        taken = [line for line in process.output.splitlines() if '"partition_taken"' in line]
        if process.exit_status is None and any(said in line for line in taken):
            return process
    return None


def epoch_of(installed: Installation, partition: str) -> int:
    """Return how often a partition was taken."""
    rows = installed.rows(f"SELECT epoch FROM partition WHERE name = '{partition}'")
    return int(rows[0][0]) if rows else 0


def wait_for_holder(partition: str, processes: list[Program]) -> Program:
    """Wait until one of the processes holds a partition and hears the broker."""

    def is_held() -> bool:
        held = holder_of(partition, processes)
        return held is not None and '"connected"' in held.output

    wait_until(is_held, f"{partition} is held", PATIENCE_S)
    held = holder_of(partition, processes)
    assert held is not None
    return held


def episodes_of(installed: Installation, unit: str) -> list[Episode]:
    """Return what the record says of a unit's heat and frost."""
    rows = installed.rows(
        "SELECT rule, started_at, triggered_at, ended_at FROM excursion "
        "JOIN unit ON unit.id = excursion.unit_id WHERE state <> 'withdrawn' "
        f"AND unit.code = '{unit}' AND rule IN ('heat', 'freeze') ORDER BY started_at, rule"
    )
    return [Episode(*row) for row in rows]


def assert_all_is_right(installed: Installation, sites: list[Sensors]) -> None:
    """Every reading is stored once, and every episode is what the oracle says."""
    sent = sum(site.sent * EACH * len(site.sensors) for site in sites)
    assert installed.count("reading") == sent
    assert installed.count("conflict") == 0
    assert installed.count("rejection") == 0
    for site in sites:
        expected = [episode for rule in WHO_FRIDGE for episode in judge(site.series(), rule)]
        expected.sort(key=lambda episode: (episode.started_at, episode.rule))
        assert len(expected) > 1
        for sensor in site.sensors:
            assert episodes_of(installed, sensor) == expected


def test_a_standby_takes_over_from_the_killed_and_from_the_paused_who_then_writes_nothing(
    installed: Installation, sites: list[Sensors]
) -> None:
    processes = [start(installed)]
    wait_for_holder("north", processes)
    processes.append(start(installed))
    south = wait_for_holder("south", processes)
    processes.append(start(installed))
    processes[2].wait_for_output('"standing_by"', PATIENCE_S)
    for site in sites:
        site.start()
    wait_until(lambda: len(sites[0].acknowledged("N-1")) > 20, "readings flow", PATIENCE_S)

    processes[0].kill()
    assert wait_for_holder("north", processes[1:]) is processes[2]
    assert epoch_of(installed, "north") == 2
    before = len(sites[0].acknowledged("N-1"))
    wait_until(lambda: len(sites[0].acknowledged("N-1")) > before, "they flow on", PATIENCE_S)

    processes.append(start(installed))
    processes[3].wait_for_output('"standing_by"', PATIENCE_S)
    south.signal(signal.SIGSTOP)
    assert wait_for_holder("south", processes[2:]) is processes[3]
    assert epoch_of(installed, "south") == 2
    south.signal(signal.SIGCONT)
    assert south.wait(PATIENCE_S) == 1
    assert '"lease_lost"' in south.output

    for site in sites:
        site.finish()
    assert_all_is_right(installed, sites)
    assert [epoch_of(installed, name) for name in ("north", "south")] == [2, 2]
    assert [process.stop() for process in processes[2:]] == [0, 0]


def test_a_restarted_ingester_and_a_clean_end_need_no_waiting(installed: Installation) -> None:
    installed.environ["TRACEAPP_PARTITIONS_TO_TAKE"] = "north"
    first = start(installed)
    wait_for_holder("north", [first])
    first.kill()
    again = start(installed)
    again.wait_for_output('"connected"', PATIENCE_S)
    assert '"standing_by"' not in again.output
    assert again.stop() == 0
    last = start(installed)
    last.wait_for_output('"connected"', PATIENCE_S)
    assert '"standing_by"' not in last.output
    assert epoch_of(installed, "north") == 3
