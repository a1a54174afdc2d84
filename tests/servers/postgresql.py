"""A private PostgreSQL: the wheel's or an installed one, run by root's tests as nobody."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.program import NOBODY, Program, free_port, wait_until
from tests.servers.programs import postgresql_folder, tell_missing

_USER = "traceapp"
# A test's data need not outlive a power cut of the machine; a killed server still loses nothing.
_FAST = ["-c", "fsync=off"]
_SMALL = ["-c", "shared_buffers=32MB", "-c", "unix_socket_directories="]


class PostgreSQL:
    """One server in a folder of its own, with as many databases as are asked for."""

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        """Where `is_durable`, it flushes to disk what it has committed, as in real life."""
        self.folder = folder
        self._options = _SMALL if is_durable else [*_FAST, *_SMALL]
        self.port = free_port()
        self.uid = NOBODY if os.geteuid() == 0 else None
        self._password = secrets.token_hex(16)
        self._data = folder / "data"
        self._bin = self._reachable_programs()
        self._program: Program | None = None
        self._made = 0

    def start(self) -> None:
        """Create the cluster the first time, start the server, and wait until it answers."""
        if not self._data.exists():
            self._create_cluster()
        # After a kill the old server's children may hold its memory for a moment more.
        wait_until(self._try_to_start, f"PostgreSQL starts:\n{self._said()}", 60)

    def stop(self) -> None:
        """Stop the server without waiting for those who are connected."""
        if self._program is not None:
            self._program.stop(signal.SIGINT)

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._program is not None:
            self._program.kill()

    @property
    def program(self) -> Program | None:
        """The process of the postmaster."""
        return self._program

    def url(self, name: str) -> str:
        """Return the address of a database in the form that TRACEAPP_DATABASE_URL takes."""
        return f"postgresql+psycopg://{_USER}:{self._password}@127.0.0.1:{self.port}/{name}"

    def create_database(self, template: str = "template0") -> str:
        """Create a database and return its name; a copy of a template takes some milliseconds."""
        self._made += 1
        name = f"test_{self._made}"
        self._command(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._command(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _command(self, command: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(command)

    def _connect(self) -> psycopg.Connection:
        url = self.url("postgres").replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def _try_to_start(self) -> bool:
        arguments: list[str | Path] = [
            "-D",
            self._data,
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            *self._options,
        ]
        self._program = program = Program(
            [self._bin / "postgres", *arguments],
            log=self.folder / "log",
            folder=self.folder,
            uid=self.uid,
        )
        wait_until(
            lambda: self._answers() or program.exit_status is not None, "PostgreSQL answers", 60
        )
        return program.exit_status is None

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _said(self) -> str:
        log = self.folder / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    def _create_cluster(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._password)
        if self.uid is not None:
            os.chown(self.folder, self.uid, self.uid)
            os.chown(password_file, self.uid, self.uid)
        options: list[str | Path] = ["-U", _USER, "-A", "scram-sha-256", "--pwfile", password_file]
        cheaply = ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        initdb = Program(
            [self._bin / "initdb", "-D", self._data, *options, *cheaply],
            log=self.folder / "initdb.log",
            folder=self.folder,
            uid=self.uid,
        )
        assert initdb.wait(120) == 0, initdb.output

    def _reachable_programs(self) -> Path:
        """Return where the programs are, copied beside the data where nobody cannot read them."""
        folder = postgresql_folder()
        if folder is None:
            tell_missing("PostgreSQL is missing: apt-get install postgresql")
        if self.uid is None or _can_run(folder / "postgres", self.uid):
            return folder
        return _copy_of(folder, self.folder / "programs")


def _copy_of(folder: Path, target: Path) -> Path:
    """Copy the wheel's programs and the libraries that they look for beside their package."""
    package = folder.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    for source in (folder.parent, libraries):
        if source.exists():
            copy = target / source.relative_to(package.parent)
            shutil.copytree(source, copy, symlinks=True, copy_function=_link_or_copy)
    return target / folder.relative_to(package.parent)


def _can_run(program: Path, uid: int) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"],
            user=uid,
            group=uid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
