"""The real parts of one installation, each of which can be killed and started again."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.chaos.plan import Plan
from tests.servers.fixtures import process_environ
from tests.servers.postgresql import PostgreSQL
from tests.servers.program import Program, free_port, is_listening
from tests.servers.programs import need_program

TRACEAPP = ("-c", "from traceapp.cli import main; main()")
_SECRET_KEY = "the tests' own secret key: 32 bytes or more"
# What Debian 12 ships: `persistence true` and nothing else, so the store is written every half
# hour. The two limits are those of docs/mqtt.md.
_MOSQUITTO = """\
user root
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 1000
log_dest stderr
log_type error
"""


class Part:
    """One process that is killed and started again; by itself it does not end."""

    def __init__(self, name: str, begin: Callable[[], Program]) -> None:
        self.name = name
        self._begin = begin
        self._changing = threading.Lock()
        self._program: Program | None = None
        self.kills = 0
        self.own_ends = 0

    def start(self) -> None:
        """Start the process and wait until it can be of use."""
        with self._changing:
            self._program = self._begin()

    @property
    def is_up(self) -> bool:
        """Whether it runs and nobody is about to change that."""
        program = self._program
        if self._changing.locked() or program is None:
            return False
        return program.exit_status is None

    @property
    def has_ended(self) -> bool:
        """Whether it ended without anybody having killed it."""
        program = self._program
        if self._changing.locked() or program is None:
            return False
        return program.exit_status is not None

    def kill(self) -> None:
        """``kill -9``, and start it again at once."""
        with self._changing:
            assert self._program is not None
            _kill(self._program)
            self.kills += 1
            self._program = self._begin()

    def take_away(self) -> None:
        """``kill -9``, and leave it away until it is started."""
        with self._changing:
            assert self._program is not None
            _kill(self._program)
            self._program = None

    def revive(self) -> None:
        """Do what a supervisor does: start again what has ended by itself."""
        with self._changing:
            if self._program is not None and self._program.exit_status is not None:
                self.own_ends += 1
                self._program = self._begin()

    def stop(self) -> int | None:
        """End the process in order."""
        with self._changing:
            program, self._program = self._program, None
            return None if program is None else program.stop(seconds=30)


def _kill(program: Program) -> None:
    children = _children_of(program.pid)
    program.kill()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _children_of(pid: int) -> list[int]:
    """The processes that a process has started: PostgreSQL's leave its process group."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                children.append(int(stat.parent.name))
    return children


class Database(Part):
    """PostgreSQL: the postmaster and all its children at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__("database", self._started)
        folder.mkdir(exist_ok=True)
        self._server = PostgreSQL(folder, is_durable=True)
        self.url = ""

    def _started(self) -> Program:
        self._server.start()
        assert self._server.program is not None
        return self._server.program

    def create(self) -> None:
        """Make the database of the installation."""
        self.url = self._server.url(self._server.create_database())

    def stop(self) -> None:
        """End the server without waiting for those who are connected."""
        self._server.stop()


class Parts:
    """Broker, database, ingesters, alert sender: all in one folder, on loopback."""

    def __init__(self, folder: Path, plan: Plan, smtp_url: str) -> None:
        self.folder = folder
        self._plan, self._smtp_url = plan, smtp_url
        self.port, self._web_port, self._metrics_port = free_port(), free_port(), free_port()
        self.database = Database(folder / "database")
        self.broker = Part("broker", getattr(self, f"_{plan.broker}"))
        self.ingesters = [
            Part(name, lambda name=name: self._ingester(name))  # type: ignore[misc]  # mypy cannot type a default
            for name in (f"ingest-{number + 1}" for number in range(plan.ingesters))
        ]
        self.alerts = Part("alerts", self._alerts)
        self.web = Part("web", self._web)
        """Started only for a fault, to ask it what is wrong."""

    @property
    def all(self) -> list[Part]:
        return [self.database, self.broker, *self.ingesters, self.alerts]

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self._web_port}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self._metrics_port}"

    def environ(self, **more: str) -> dict[str, str]:
        """What the software's processes are told."""
        return process_environ(
            {
                "TRACEAPP_DATABASE_URL": self.database.url,
                "TRACEAPP_BROKER_URL": f"mqtt://127.0.0.1:{self.port}",
                "TRACEAPP_BROKER_CLIENT_ID": "ingest",
                "TRACEAPP_PARTITIONS": self._plan.partitions,
                "TRACEAPP_BIND": f"127.0.0.1:{self._web_port}",
                "TRACEAPP_SMTP_URL": self._smtp_url,
                "TRACEAPP_MAIL_FROM": "coldchain@example.org",
                "TRACEAPP_DATA_FOLDER": str(self.folder / "var"),
                "TRACEAPP_SECRET_KEY": _SECRET_KEY,
                **more,
            }
        )

    def run(self, arguments: Sequence[str], name: str, **more: str) -> Program:
        """Start a Python process of the software or of the harness."""
        log = self.folder / f"{name}.log"
        return Program([sys.executable, *arguments], log=log, environ=self.environ(**more))

    def command(self, *arguments: str) -> None:
        """Run a ``traceapp`` command to its end."""
        program = self.run([*TRACEAPP, *arguments], "command")
        assert program.wait(900) == 0, program.output

    def _ingester(self, name: str) -> Program:
        # Of several only the first can have the port.
        bind = f"127.0.0.1:{self._metrics_port}" if self._plan.ingesters == 1 else ""
        return self.run(["-m", "ingest"], name, TRACEAPP_METRICS_BIND=bind)

    def _web(self) -> Program:
        return self.run([*TRACEAPP, "web"], "web")

    def _alerts(self) -> Program:
        return self.run([*TRACEAPP, "alerts"], "alerts")

    def _mosquitto(self) -> Program:
        configuration = self.folder / "mosquitto.conf"
        store = self.folder / "mosquitto"
        store.mkdir(exist_ok=True)
        configuration.write_text(_MOSQUITTO.format(port=self.port, folder=store))
        return self._listening([str(need_program("mosquitto")), "-c", str(configuration)])

    def _amqtt(self) -> Program:
        arguments = ["-m", "traceapp.simulate.broker", "--port", str(self.port)]
        return self._listening([sys.executable, *arguments])

    def _listening(self, arguments: list[str]) -> Program:
        log = self.folder / "broker.log"
        program = Program(arguments, log=log, environ=self.environ())
        program.wait_until(lambda: is_listening(self.port), "it listens", 60)
        return program
