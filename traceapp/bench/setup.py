"""How long it takes from a fresh clone to the first page, as a newcomer would do it."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import click

from traceapp.bench.servers import free_port, need_program, wait_until

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Setup:
    """Seconds for the two halves of a first visit."""

    setup_s: float
    first_page_s: float


def measure_setup() -> Setup:
    """Clone this repository, `make setup`, `make demo`, and ask for a page until one comes."""
    if not (_ROOT / ".git").exists():
        raise click.ClickException("bench setup needs a clone of the repository.")
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name:
        clone = Path(name) / "clone"
        _run([need_program("git"), "clone", "--quiet", str(_ROOT), str(clone)], Path(name))
        began = time.perf_counter()
        _run([need_program("make"), "setup"], clone)
        is_set_up = time.perf_counter()
        port = free_port()
        demo = subprocess.Popen(  # noqa: S603 - the clone's own make
            [need_program("make"), "demo", f"ARGS=--port {port}"],
            cwd=clone,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(lambda: _has_page(port), "a page came")
            is_there = time.perf_counter()
        finally:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait(60)
    return Setup(is_set_up - began, is_there - is_set_up)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False)  # noqa: S603 - git and make
    if done.returncode != 0:
        raise click.ClickException(f"{' '.join(command)} failed.")


def _has_page(port: int) -> bool:
    time.sleep(0.1)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False
