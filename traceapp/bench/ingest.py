"""How many readings a second go from a broker into the record, beside a peer that only copies."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from sqlalchemy import func, select

from traceapp.bench.fleet import INTERVAL_S, prepare
from traceapp.bench.line import settled, start_ingester, value_of
from traceapp.bench.servers import (
    Programs,
    find_psql,
    need_program,
    start_mosquitto,
    start_postgresql,
    wait_until,
)
from traceapp.bench.stream import EVERY
from traceapp.db import open_database
from traceapp.models.excursion import Excursion
from traceapp.models.reading import Reading
from traceapp.models.rejection import Rejection

_BATCHES = "ingest_batch_messages_count"


@dataclass(frozen=True, slots=True)
class Load:
    """How much is published: `messages` QoS-1 messages of `items` readings, by `sensors`."""

    messages: int
    sensors: int
    items: int = 1
    case: str = "clean"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run measured."""

    name: str
    per_second: float
    detail: str = ""


def measure_ours(load: Load, kind: str) -> Figure:
    """From the first PUBLISH until the last message is committed and judged.

    Before that every sensor has spoken once, as in a line that has run for a minute.
    """
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name, Programs() as programs:
        folder, until = Path(name), datetime.now(UTC).replace(microsecond=0)
        port = start_mosquitto(programs, folder)
        url = start_postgresql(programs, folder) if kind == "postgresql" else _sqlite(folder)
        span = -(-load.messages // load.sensors) * load.items * EVERY
        # What is sent in a minute was measured in an hour: nobody is silent meanwhile.
        prepare(url, load.sensors, max(INTERVAL_S, int(span.total_seconds())))
        shown = start_ingester(programs, folder, port, url).metrics
        first = Load(load.sensors, load.sensors, load.items)
        publisher = _start_publisher(programs, port, load, until=until, skipped=1)
        _say_go(_start_publisher(programs, port, first, until=until - span))
        wait_until(lambda: settled(shown()) >= load.sensors * load.items, "all are known")
        before, cold = settled(shown()), value_of(shown(), _BATCHES)
        wanted = before + sum(_items_of(load))
        began = _say_go(publisher)
        wait_until(lambda: settled(shown()) >= wanted, "all was settled")
        seconds = time.perf_counter() - began
        detail = _describe(url, load, shown(), cold)
    return Figure(kind, load.messages / seconds, detail)


def _items_of(load: Load) -> tuple[int, int]:
    """How many readings of a load are to be stored, and how many messages refused."""
    garbage = -(-load.messages // 10) if load.case == "garbage" else 0
    return (load.messages - garbage) * load.items, garbage


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
        until = datetime.now(UTC).replace(microsecond=0)
        began = _say_go(_start_publisher(programs, port, load, until=until))
        copied.wait()
        seconds = time.perf_counter() - began
        with psycopg.connect(url) as connection:
            [rows] = connection.execute("SELECT count(*) FROM raw").fetchone() or (0,)
    return Figure("mosquitto_sub | psql COPY", rows / seconds, f"{rows} rows")


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'traceapp.db'}"


def _start_publisher(
    programs: Programs, port: int, load: Load, *, until: datetime, skipped: int = 0
) -> subprocess.Popen[bytes]:
    told = {
        "port": port,
        "messages": load.messages,
        "sensors": load.sensors,
        "items": load.items,
        "case": load.case,
        "skipped": skipped,
        "until": until.isoformat(),
    }
    publisher = programs.start(
        [
            sys.executable,
            "-m",
            "traceapp.bench.publisher",
            *(f"--{name}={value}" for name, value in told.items()),
        ],
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


def _describe(url: str, load: Load, metrics: str, cold: float) -> str:
    """Check that everything arrived, and say how large the batches were."""
    database = open_database(url)
    with database.read() as session:
        rows = session.scalar(select(func.count()).select_from(Reading)) or 0
        refused = session.scalar(select(func.count()).select_from(Rejection)) or 0
        excursions = session.scalar(select(func.count()).select_from(Excursion)) or 0
    database.close()
    stored, garbage = _items_of(load)
    wanted = stored + load.sensors * load.items, garbage
    if (rows, refused) != wanted:
        raise AssertionError(f"Expected {wanted} readings and rejections, got {rows}, {refused}.")
    each = load.messages / (value_of(metrics, _BATCHES) - cold)
    return f"{excursions} excursions, {each:.0f} messages a transaction"
