"""`traceapp publish` against a real broker, with a record that answers as it likes."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.record import Document, FakeRecord, acknowledgement, rejection
from tests.servers.mosquitto import Mosquitto
from tests.servers.program import free_port, wait_until

SITE, SENSOR = "4514810001", "45-000017"
_PUBLISH = [sys.executable, "-c", "from traceapp.cli import main; main()", "publish"]
Answer = Iterator[tuple[str, Document]]


def line(minute: int, sensor: str = SENSOR, **more: Any) -> str:
    """Return a line as a gateway's reader writes it."""
    at = f"2026-11-20T{minute // 60:02d}:{minute % 60:02d}:00Z"
    return json.dumps({"sensor": sensor, "at": at, "celsius": 4.2, **more}) + "\n"


def publish(
    broker: str, folder: Path, lines: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Run the command once over these lines."""
    return subprocess.run(
        [*_PUBLISH, "--once", *_told(broker, folder), *options],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _told(broker: str, folder: Path) -> list[str]:
    return ["--site", SITE, "--broker", broker, "--buffer", str(folder), "--patience", "0.5"]


def rows(folder: Path, query: str) -> list[Any]:
    """Ask the buffer."""
    connection = sqlite3.connect(folder / "buffer.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def accept(topic: str, payload: bytes) -> Answer:
    yield acknowledgement(topic, payload)


def test_all_is_acknowledged_and_the_buffer_is_empty(mosquitto: Mosquitto, tmp_path: Path) -> None:
    lines = "".join(line(n, sensor) for n in range(250) for sensor in ("45-000017", "45-000018"))
    with FakeRecord(mosquitto.url, accept) as record:
        done = publish(mosquitto.url, tmp_path, lines, "--confirm")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: len(record.statuses) == 4, f"all statuses came: {record.statuses}")
    assert done.stdout.splitlines()[-1] == "500"
    assert "500 taken, 500 stored" in done.stderr
    assert rows(tmp_path, "SELECT count(*) FROM waiting") == [(0,)]
    assert max(len(message["readings"]) for message in record.heard) <= 100
    assert sorted({reading["seq"] for reading in record.readings()}) == list(range(1, 251))
    assert len({reading["boot"] for reading in record.readings()}) == 1
    assert [payload for _, payload in record.statuses] == [b"online"] * 2 + [b"offline"] * 2


def test_what_is_answered_late_or_twice_is_sent_again_and_settled_once(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    seen: dict[bytes, int] = {}

    def late(topic: str, payload: bytes) -> Answer:
        seen[payload] = seen.get(payload, 0) + 1
        if seen[payload] > 1:
            yield acknowledgement(topic, payload)
            yield acknowledgement(topic, payload)

    with FakeRecord(mosquitto.url, late):
        done = publish(mosquitto.url, tmp_path, "".join(line(n) for n in range(30)), "--batch=10")
    assert done.returncode == 0, done.stderr
    assert "30 taken, 30 stored, 0 repeated, 0 refused, 0 waiting" in done.stderr
    assert len(seen) == 3


def test_what_nobody_acknowledges_stays_for_the_next_time(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    def silent(topic: str, payload: bytes) -> Answer:
        yield "coldchain/v1/4514810001/45-000018/acks", acknowledgement(topic, payload)[1]

    with FakeRecord(mosquitto.url, silent) as record:
        done = publish(mosquitto.url, tmp_path, line(1) + line(2), "--timeout", "2")
        assert done.returncode == 1
        assert "Error: Expected an acknowledgement within 2 s, got none; " in done.stderr
        assert "2 readings wait in" in done.stderr
        assert len(record.heard) > 1
        record.answers = accept
        again = publish(mosquitto.url, tmp_path, line(3))
    assert again.returncode == 0, again.stderr
    assert "1 taken, 3 stored" in again.stderr
    refs = [message["ref"] for message in record.heard]
    assert refs[0].split("-")[0] != refs[-1].split("-")[0]


@pytest.mark.parametrize("is_report_first", [False, True])
def test_a_refused_reading_is_put_aside_with_its_reason_and_the_others_are_stored(
    mosquitto: Mosquitto, tmp_path: Path, is_report_first: bool
) -> None:
    def refuse_the_hot(topic: str, payload: bytes) -> Answer:
        readings = json.loads(payload)["readings"]
        bad = [place for place, reading in enumerate(readings) if reading["celsius"] > 50]
        answers = [acknowledgement(topic, payload, len(bad))]
        answers += [rejection(topic, payload, f"[{place}].at") for place in bad]
        yield from reversed(answers) if is_report_first else answers

    lines = line(1) + line(2, celsius=60) + line(3) + line(4, celsius=70)
    with FakeRecord(mosquitto.url, refuse_the_hot) as record:
        done = publish(mosquitto.url, tmp_path, lines)
        count = len(record.heard)
    assert done.returncode == 0, done.stderr
    assert "4 taken, 2 stored, 0 repeated, 2 refused, 0 waiting" in done.stderr
    assert count == 5
    told = [said for said in done.stderr.splitlines() if "Refused, kept" in said]
    assert len(told) == 2
    kept = rows(tmp_path, "SELECT line, report FROM refused ORDER BY id")
    assert [json.loads(reading)["celsius"] for reading, _ in kept] == [60, 70]
    assert {report for _, report in kept} == {"future [0].at: expected a moment of today, got 2099"}


def test_a_line_that_cannot_be_sent_is_kept_as_refused_and_told(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    lines = 'nonsense\n\n{"at":"2026-11-20T00:00:00Z","celsius":4}\n' + line(1).strip()
    with FakeRecord(mosquitto.url, accept):
        done = publish(mosquitto.url, tmp_path, lines)
    assert done.returncode == 0, done.stderr
    assert "3 taken, 1 stored" in done.stderr
    assert [row[0] for row in rows(tmp_path, "SELECT line FROM refused ORDER BY id")] == [
        b"nonsense",
        b'{"at":"2026-11-20T00:00:00Z","celsius":4}',
    ]


def test_a_full_buffer_stops_the_reading_until_there_is_room(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    is_open = threading.Event()

    def after_a_while(topic: str, payload: bytes) -> Answer:
        if is_open.is_set():
            yield acknowledgement(topic, payload)

    threading.Timer(2, is_open.set).start()
    lines = "".join(line(n) for n in range(1_000))
    with FakeRecord(mosquitto.url, after_a_while):
        done = publish(mosquitto.url, tmp_path, lines, "--most", "100")
    assert done.returncode == 0, done.stderr
    assert "The buffer is full" in done.stderr
    assert "1000 taken, 1000 stored" in done.stderr


def test_a_broker_that_comes_late_and_comes_back_is_found_again(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    mosquitto.stop()
    file = tmp_path / "readings.jsonl"
    file.write_text(line(1))
    log = tmp_path / "log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [*_PUBLISH, *_told(mosquitto.url, tmp_path / "buffer"), str(file)], stderr=output
        )
    try:
        wait_until(lambda: "No connection" in log.read_text(), "it says that there is none")
        mosquitto.start()
        with FakeRecord(mosquitto.url, accept) as record:
            wait_until(lambda: len(record.readings()) == 1, "the first came")
            wait_until(lambda: _waiting(tmp_path) == 0, "it is forgotten")
        mosquitto.kill()
        with file.open("a") as growing:
            growing.write(line(2) + line(3)[:20])
        wait_until(lambda: _waiting(tmp_path) == 1, "the second is kept")
        mosquitto.start()
        with FakeRecord(mosquitto.url, accept) as record:
            with file.open("a") as growing:
                growing.write(line(3)[20:])
            wait_until(lambda: _waiting(tmp_path) == 0 and len(record.readings()) >= 2, "all came")
        running.terminate()
        assert running.wait(15) == 0
    finally:
        running.kill()
        running.wait(15)
    assert {reading["seq"] for reading in record.readings()} == {2, 3}


def _waiting(tmp_path: Path) -> int:
    return int(rows(tmp_path / "buffer", "SELECT count(*) FROM waiting")[0][0])


def test_one_line_says_what_is_wrong_with_the_command(tmp_path: Path) -> None:
    nobody = f"mqtt://127.0.0.1:{free_port()}"
    done = publish(nobody, tmp_path, line(1), "--timeout", "1")
    assert done.returncode == 1
    assert "no connection: Connection refused; 1 readings wait" in done.stderr
    (wrong,) = publish("mqtt://u:secret@127.0.0.1:99999", tmp_path, "").stderr.splitlines()
    assert "--broker: expected mqtt://" in wrong
    assert "secret" not in wrong
    assert publish("http://127.0.0.1", tmp_path, "").returncode == 2
    assert publish(nobody, tmp_path, "", "--site", "a/b").returncode == 2
    started = time.monotonic()
    assert publish(nobody, tmp_path, "", "no-such-file").returncode == 1
    assert time.monotonic() - started < 20
