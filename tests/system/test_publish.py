"""A gateway's power is cut again and again, and its broker's too: each reading is stored once."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.program import wait_until
from tests.system.conftest import Prepared
from tests.system.district import CLINIC, FRIDGE_SENSOR, OTHER_SENSOR
from tests.system.installation import Installation

READINGS = 2_000
#: How many of them are there when the gateway is started; at each kill, hundreds are waiting.
THERE = (1_000, 1_250, 1_500, 1_750, READINGS)
BEGIN = datetime(2021, 5, 9, tzinfo=UTC)
_PUBLISH = ["-c", "from traceapp.cli import main; main()", "publish"]


def line(number: int) -> str:
    """Return a reading of one of two sensors, each minute another one."""
    sensor = (FRIDGE_SENSOR, OTHER_SENSOR)[number % 2]
    at = (BEGIN + timedelta(minutes=number)).isoformat()
    return json.dumps({"sensor": sensor, "at": at, "celsius": 4 + number % 10 / 10}) + "\n"


@pytest.fixture
def line_into_sqlite(
    run_process: RunProcess,
    tmp_path: Path,
    mosquitto: Mosquitto,
    mailbox: Mailbox,
    prepared_sqlite: Prepared,
) -> Generator[Installation, None, None]:
    """An installation of which only the ingester runs."""
    made = Installation(run_process, tmp_path, *prepared_sqlite, mosquitto, mailbox)
    made.start_ingester()
    mosquitto.wait_for_subscriber("ingest-1")
    yield made
    made.assert_all_run()


def options(installation: Installation) -> list[str]:
    """Return how the gateway is told where everything is; impatient, so that it repeats itself."""
    buffer = str(installation.folder / "buffer")
    told = ["--site", CLINIC, "--broker", installation.broker.url, "--buffer", buffer]
    return [*told, "--patience", "1", "--batch", "10", "--in-flight", "4"]


def wait_for(installation: Installation, target: int) -> None:
    """Wait until so many are stored: what comes next shall come in the middle of it."""
    wait_until(lambda: installation.count("reading") >= target, f"{target} are stored", 60)


def waiting(installation: Installation) -> int:
    """Return how many readings the gateway has not seen acknowledged."""
    with closing(sqlite3.connect(installation.folder / "buffer" / "buffer.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM waiting").fetchone()[0])


def assert_each_is_stored_once(installation: Installation) -> None:
    """Compare the database with the lines; its key would hide nothing, conflicts stand apart."""
    stored = installation.rows(
        "SELECT sensor.code, reading.at FROM reading JOIN sensor ON sensor.id = reading.sensor_id"
    )
    assert len(stored) == len(set(stored)) == READINGS
    assert installation.count("conflict") == 0
    assert installation.count("rejection") == 0


def test_a_file_that_grows_is_taken_whole_through_kills_of_gateway_and_broker(
    line_into_sqlite: Installation, run_process: RunProcess
) -> None:
    installation, pause = line_into_sqlite, random.Random(2021)
    file = installation.folder / "readings.jsonl"
    file.touch()
    command = [*_PUBLISH, *options(installation), str(file)]
    for turn, (before, there) in enumerate(pairwise((0, *THERE))):
        stored = installation.count("reading")
        gateway = run_process(command, {})
        with file.open("a") as growing:
            for number in range(before, there):
                growing.write(line(number))
        wait_for(installation, stored + pause.randint(20, 150))
        if turn in {1, 3}:
            installation.broker.kill()
            time.sleep(pause.uniform(0.1, 0.5))
            installation.broker.start()
            wait_for(installation, stored + pause.randint(151, 250))
        gateway.kill()
        assert waiting(installation) > 0
    last = run_process([*command, "--once"], {})
    assert last.wait(90) == 0, last.output
    assert " 0 refused, 0 waiting" in last.output
    assert_each_is_stored_once(installation)


def test_what_is_confirmed_to_have_been_taken_from_a_pipe_is_stored_once(
    line_into_sqlite: Installation,
) -> None:
    installation, pause = line_into_sqlite, random.Random(2022)
    safe, confirmed = 0, installation.folder / "confirmed"
    for there in THERE:
        stored = installation.count("reading")
        gateway = _started_on_a_pipe(installation, confirmed)
        assert gateway.stdin is not None
        for number in range(safe, there):
            gateway.stdin.write(line(number).encode())
            if number % 25:
                continue
            gateway.stdin.flush()
            time.sleep(pause.uniform(0, 0.02))
        wait_for(installation, stored + pause.randint(20, 200))
        gateway.kill()
        gateway.communicate()
        # A kill may leave half a number; whole lines are what the gateway has said.
        safe += int(confirmed.read_text().rpartition("\n")[0].rpartition("\n")[2] or 0)
    gateway = _started_on_a_pipe(installation, confirmed, "--once")
    _, said = gateway.communicate("".join(map(line, range(safe, READINGS))).encode(), timeout=90)
    assert gateway.returncode == 0, said.decode()
    assert_each_is_stored_once(installation)


def _started_on_a_pipe(
    installation: Installation, confirmed: Path, *more: str
) -> subprocess.Popen[bytes]:
    command = [sys.executable, *_PUBLISH, *options(installation), "--confirm", *more]
    with confirmed.open("wb") as output:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE
        )


def test_what_the_record_refuses_stays_with_the_gateway_and_its_reason(
    line_into_sqlite: Installation, run_process: RunProcess
) -> None:
    installation = line_into_sqlite
    file = installation.folder / "readings.jsonl"
    lines = [json.loads(line(2 * number)) for number in range(5)]
    lines[1]["at"] = "2099-01-01T00:00:00Z"
    lines[2]["colour"] = "red"
    lines[4] = {**lines[3], "celsius": 7.5}
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    gateway = run_process([*_PUBLISH, *options(installation), "--once", str(file)], {})
    assert gateway.wait(60) == 0, gateway.output
    assert " 3 refused, 0 waiting" in gateway.output
    with closing(sqlite3.connect(installation.folder / "buffer" / "buffer.db")) as connection:
        reports = connection.execute("SELECT report FROM refused").fetchall()
    reasons = ["conflict", "future", "unknown_field"]
    assert sorted(report.split()[0].strip(":") for (report,) in reports) == reasons
    assert gateway.output.count("Refused, kept in the buffer") == 3
    assert installation.count("reading") == 2
    assert installation.count("conflict") == 1
