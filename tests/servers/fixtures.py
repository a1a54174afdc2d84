"""The servers as pytest fixtures; each is stopped afterwards, whatever the test did."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgresql import PostgreSQL
from tests.servers.program import Program
from tests.servers.schema import create_schema

ROOT = Path(__file__).parents[2]
RunProcess = Callable[..., Program]


def reachable_folder() -> str | None:
    """Return where to make a PostgreSQL's folder, or None for wherever temporary files go.

    Not pytest's folder: root's tests run the server as nobody, who may not enter there.
    """
    return "/tmp" if os.geteuid() == 0 else None


@contextmanager
def _running_postgresql() -> Generator[PostgreSQL, None, None]:
    folder = Path(tempfile.mkdtemp(prefix="traceapp-", dir=reachable_folder()))
    try:
        server = PostgreSQL(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Generator[PostgreSQL, None, None]:
    """A PostgreSQL server for all tests of one process."""
    with _running_postgresql() as server:
        yield server


@pytest.fixture
def own_postgresql() -> Generator[PostgreSQL, None, None]:
    """A PostgreSQL server of the test's own, which it may kill."""
    with _running_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgreSQL) -> str:
    """The name of a database with our tables and nothing in them."""
    name = postgresql.create_database()
    create_schema(postgresql.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables and nothing in them."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    create_schema(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL, postgresql_template: str) -> Generator[str, None, None]:
    """The address of a PostgreSQL database of the test's own, with our tables."""
    name = postgresql.create_database(template=postgresql_template)
    yield postgresql.url(name)
    postgresql.drop_database(name)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a SQLite file of the test's own, with our tables."""
    path = tmp_path / "traceapp.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with our tables; the test runs on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def empty_postgresql_url(postgresql: PostgreSQL) -> Generator[str, None, None]:
    """The address of a PostgreSQL database with nothing in it."""
    name = postgresql.create_database()
    yield postgresql.url(name)
    postgresql.drop_database(name)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """The address of a database with nothing in it, on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"empty_{request.param}_url"))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Generator[Mosquitto, None, None]:
    """A running Mosquitto of the test's own: no message of another test is in it."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def mailbox() -> Generator[Mailbox, None, None]:
    """A running SMTP server that remembers its mails."""
    with Mailbox() as server:
        yield server


@pytest.fixture
def run_process(tmp_path: Path) -> Generator[RunProcess, None, None]:
    """Start processes of ours: ``run_process(["-m", "ingest"], environ, ready="listening")``.

    Each runs in the test's folder, with none of the machine's TRACEAPP_ variables.
    """
    programs: list[Program] = []

    def run(arguments: Sequence[str], environ: Mapping[str, str], ready: str = "") -> Program:
        log = tmp_path / f"process-{len(programs)}.log"
        program = Program(
            [sys.executable, *arguments], log=log, environ=process_environ(environ), folder=tmp_path
        )
        programs.append(program)
        if ready:
            program.wait_for_output(ready)
        return program

    yield run
    for program in reversed(programs):
        program.stop()


def process_environ(told: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process of ours: the machine's, and only these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACEAPP_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **told}
