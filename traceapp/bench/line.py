"""An ingester of a benchmark, and what it says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import click

from traceapp.bench.servers import Programs, free_port, wait_until


@dataclass(frozen=True, slots=True)
class Line:
    """A running `python -m ingest` with a page of metrics."""

    program: subprocess.Popen[bytes]
    address: str
    said: Path

    def metrics(self) -> str:
        """The page as it is now; whoever asks in a loop asks twenty times a second at most."""
        time.sleep(0.05)
        try:
            with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=30) as page:
                return str(page.read().decode())
        except OSError as error:
            last = self.said.read_text("utf-8", "replace")[-2_000:]
            raise click.ClickException(f"The ingester does not answer: {error}\n{last}") from error

    def settled(self) -> int:
        """How many readings were stored, were known, or were refused."""
        return settled(self.metrics())

    def remembered(self) -> int:
        """Of how many sensors it knows by heart where they stand."""
        return int(value_of(self.metrics(), "ingest_remembered_sensors"))

    def resident_kib(self, name: str = "VmRSS") -> int:
        """Its resident memory in KiB; `VmHWM` is the most that it ever was. Linux only."""
        status = Path(f"/proc/{self.program.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))


def start_ingester(programs: Programs, folder: Path, port: int, url: str) -> Line:
    """Start `python -m ingest` and wait until it hears the broker."""
    metrics = f"127.0.0.1:{free_port()}"
    environ = {
        **os.environ,
        "TRACEAPP_DATABASE_URL": url,
        "TRACEAPP_BROKER_URL": f"mqtt://127.0.0.1:{port}",
        "TRACEAPP_BROKER_CLIENT_ID": "bench",
        "TRACEAPP_METRICS_BIND": metrics,
    }
    said = folder / "ingest.log"
    with said.open("wb") as log:
        program = programs.start([sys.executable, "-m", "ingest"], env=environ, stderr=log)
    wait_until(lambda: b'"connected"' in said.read_bytes(), "the ingester is connected", 60)
    return Line(program, metrics, said)


def settled(metrics: str) -> int:
    """How many readings were stored, were known, or were refused, by a page of metrics."""
    lines = [line for line in metrics.splitlines() if line.startswith("ingest_items_total{")]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in lines)


def value_of(metrics: str, name: str) -> float:
    """The value of a metric without labels, by a page of metrics."""
    start = f"{name} "
    return next(float(line.removeprefix(start)) for line in metrics.splitlines()
                if line.startswith(start))  # fmt: skip


def start_pacer(
    programs: Programs, port: int, sensors: int, *, rate: float = 1.0, seconds: float = 0.0
) -> subprocess.Popen[bytes]:
    """Start a fleet that waits to be asked for something (`traceapp.bench.pacer`)."""
    told = {"port": port, "sensors": sensors, "rate": rate, "seconds": seconds}
    options = [f"--{name}={value}" for name, value in told.items()]
    command = [sys.executable, "-m", "traceapp.bench.pacer", *options]
    return programs.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None)


def ask(pacer: subprocess.Popen[bytes], what: str) -> None:
    """Ask a fleet for a `round`, or to keep its `pace`; it goes on by itself."""
    assert pacer.stdin is not None
    pacer.stdin.write(f"{what}\n".encode())
    pacer.stdin.flush()


def answer(pacer: subprocess.Popen[bytes]) -> list[float]:
    """Wait for what a fleet answers: numbers."""
    assert pacer.stdout is not None
    said = pacer.stdout.readline().split()
    if not said:
        raise click.ClickException("The publisher ended too early.")
    return [float(number) for number in said]


def introduce(programs: Programs, line: Line, port: int, sensors: int) -> float:
    """Let every sensor of a fleet speak once and be settled; returns the seconds it took."""
    pacer, before = start_pacer(programs, port, sensors), line.settled()
    began = time.perf_counter()
    ask(pacer, "round")
    answer(pacer)
    wait_until(lambda: line.settled() >= before + sensors, "all had spoken once", 3_600)
    seconds = time.perf_counter() - began
    assert pacer.stdin is not None
    pacer.stdin.close()
    pacer.wait(60)
    return seconds
