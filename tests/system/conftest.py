"""The installations that the tests of the whole run against."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.servers.fixtures import RunProcess
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.postgresql import PostgreSQL
from tests.system.district import CLINIC
from tests.system.installation import Gateway, Installation, prepare

Prepared = tuple[str, str]


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A SQLite file of an installation and the token to it, to be copied for each test."""
    folder = tmp_path_factory.mktemp("prepared")
    return folder / "traceapp.db", prepare(f"sqlite:///{folder / 'traceapp.db'}", folder)


@pytest.fixture(scope="session")
def prepared_name(
    postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """The name of a PostgreSQL database of an installation and the token to it."""
    name = postgresql.create_database()
    return name, prepare(postgresql.url(name), tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def prepared_sqlite(prepared_file: tuple[Path, str], tmp_path: Path) -> Prepared:
    """The address of a SQLite installation of the test's own, and the token to it."""
    template, token = prepared_file
    shutil.copyfile(template, tmp_path / "traceapp.db")
    return f"sqlite:///{tmp_path / 'traceapp.db'}", token


@pytest.fixture
def prepared_postgresql(
    postgresql: PostgreSQL, prepared_name: tuple[str, str]
) -> Generator[Prepared, None, None]:
    """The address of a PostgreSQL installation of the test's own, and the token to it."""
    template, token = prepared_name
    name = postgresql.create_database(template)
    yield postgresql.url(name), token
    postgresql.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(
    request: pytest.FixtureRequest,
    run_process: RunProcess,
    tmp_path: Path,
    mosquitto: Mosquitto,
    mailbox: Mailbox,
) -> Installation:
    """A prepared and started installation, once on SQLite and once on PostgreSQL."""
    url, token = request.getfixturevalue(f"prepared_{request.param}")
    made = Installation(run_process, tmp_path, url, token, mosquitto, mailbox)
    made.start()
    return made


@pytest.fixture
def clinic(installation: Installation, tmp_path: Path) -> Gateway:
    """The gateway of the clinic."""
    return Gateway(installation.broker, CLINIC, tmp_path)
