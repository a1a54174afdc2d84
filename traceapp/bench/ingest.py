"""How many readings a second go from a broker into the record, beside a peer that only copies."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import func, select

from schemas.registry import KINDS
from traceapp.bench.publisher import sensor_code
from traceapp.bench.servers import (
    Programs,
    find_psql,
    free_port,
    need_program,
    start_mosquitto,
    start_postgresql,
    wait_until,
)
from traceapp.capture.registry import register
from traceapp.db import open_database
from traceapp.models.excursion import Excursion
from traceapp.models.reading import Reading
from traceapp.schema import upgrade_database

_SITE = {"code": "BENCH", "name": "BENCH", "type": "clinic", "division": "451481"}


@dataclass(frozen=True, slots=True)
class Load:
    """How much is published: `messages` readings by `sensors` sensors, each a QoS-1 message."""

    messages: int
    sensors: int


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run measured."""

    name: str
    per_second: float
    detail: str = ""


def measure_ours(load: Load, kind: str) -> Figure:
    """From the first PUBLISH until the last reading is committed and judged."""
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name, Programs() as programs:
        folder = Path(name)
        port = start_mosquitto(programs, folder)
        url = start_postgresql(programs, folder) if kind == "postgresql" else _sqlite(folder)
        _prepare(url, load.sensors)
        shown = _start_ingester(programs, folder, port, url)
        publisher = _start_publisher(programs, port, load)
        began = _say_go(publisher)
        wait_until(lambda: _stored(shown()) >= load.messages, "all was stored")
        seconds = time.perf_counter() - began
        detail = _describe(url, load, shown())
    return Figure(kind, load.messages / seconds, detail)


def measure_peer(load: Load) -> Figure:
    """`mosquitto_sub | psql COPY`: no validation, no judging, acknowledged before it is stored."""
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name, Programs() as programs:
        folder = Path(name)
        port = start_mosquitto(programs, folder)
        url = start_postgresql(programs, folder).replace("+psycopg", "")
        psql: list[str] = [str(find_psql()), url, "-q", "-v", "ON_ERROR_STOP=1"]
        programs.start([*psql, "-c", "CREATE TABLE raw (topic text, payload text)"]).wait()
        listener: list[str] = [
            need_program("mosquitto_sub"),
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-q",
            "1",
        ]
        listener += ["-c", "-i", "peer", "-t", "coldchain/#", "-F", "%t\t%p"]
        heard = programs.start([*listener, "-C", str(load.messages)], stdout=subprocess.PIPE)
        copied = programs.start([*psql, "-c", "COPY raw FROM STDIN"], stdin=heard.stdout)
        time.sleep(1)  # It says nothing when it has subscribed.
        began = _say_go(_start_publisher(programs, port, load))
        copied.wait()
        seconds = time.perf_counter() - began
        with psycopg.connect(url) as connection:
            [rows] = connection.execute("SELECT count(*) FROM raw").fetchone() or (0,)
    return Figure("mosquitto_sub | psql COPY", rows / seconds, f"{rows} rows")


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'traceapp.db'}"


def _prepare(url: str, sensors: int) -> None:
    """The tables, and a refrigerator for each sensor."""
    upgrade_database(url)
    database = open_database(url)
    now = datetime.now(UTC)
    with database.begin() as session:
        register(session, "site", KINDS["site"]().load(_SITE), now)
        for number in range(sensors):
            code = sensor_code(number)
            unit = {"code": code, "site": "BENCH", "name": code, "type": "refrigerator"}
            register(session, "unit", KINDS["unit"]().load(unit), now)
            sensor = {"code": code, "unit": code, "interval_s": 60,
                      "attached_from": "2020-01-01T00:00:00Z"}  # fmt: skip
            register(session, "sensor", KINDS["sensor"]().load(sensor), now)
    database.close()


def _start_ingester(programs: Programs, folder: Path, port: int, url: str) -> Callable[[], str]:
    """Start `python -m ingest`, wait until it hears the broker; returns how to read its metrics."""
    metrics = f"127.0.0.1:{free_port()}"
    environ = {
        **os.environ,
        "TRACEAPP_DATABASE_URL": url,
        "TRACEAPP_BROKER_URL": f"mqtt://127.0.0.1:{port}",
        "TRACEAPP_BROKER_CLIENT_ID": "bench",
        "TRACEAPP_METRICS_BIND": metrics,
    }
    with (folder / "ingest.log").open("wb") as log:
        programs.start([sys.executable, "-m", "ingest"], env=environ, stderr=log)
    said = folder / "ingest.log"
    wait_until(lambda: b'"connected"' in said.read_bytes(), "the ingester is connected", 60)

    def read() -> str:
        time.sleep(0.05)
        with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=30) as page:
            return str(page.read().decode())

    return read


def _stored(metrics: str) -> int:
    settled = 'ingest_items_total{outcome="stored"} '
    return next((int(float(line.removeprefix(settled))) for line in metrics.splitlines()
                 if line.startswith(settled)), 0)  # fmt: skip


def _start_publisher(programs: Programs, port: int, load: Load) -> subprocess.Popen[bytes]:
    told = ["--port", str(port), "--messages", str(load.messages), "--sensors", str(load.sensors)]
    publisher = programs.start(
        [sys.executable, "-m", "traceapp.bench.publisher", *told],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None,
    )
    assert publisher.stdout is not None
    publisher.stdout.readline()
    return publisher


def _say_go(publisher: subprocess.Popen[bytes]) -> float:
    assert publisher.stdin is not None
    began = time.perf_counter()
    publisher.stdin.write(b"go\n")
    publisher.stdin.flush()
    return began


def _describe(url: str, load: Load, metrics: str) -> str:
    """Check that everything arrived, and say how large the batches were."""
    database = open_database(url)
    with database.read() as session:
        rows = session.scalar(select(func.count()).select_from(Reading)) or 0
        excursions = session.scalar(select(func.count()).select_from(Excursion)) or 0
    database.close()
    if rows != load.messages:
        raise AssertionError(f"Expected {load.messages} readings, got {rows}.")
    figures = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if line[:1] != "#")
    batches = float(figures["ingest_batch_messages_count"])
    return f"{excursions} excursions, {load.messages / batches:.0f} messages a transaction"
