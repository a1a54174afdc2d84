"""The whole system as an operator starts it: commands, processes, servers of other projects."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.servers.fixtures import RunProcess, process_environ
from tests.servers.mailbox import Mailbox
from tests.servers.mosquitto import Mosquitto
from tests.servers.program import Program, free_port, wait_until
from tests.system.district import registry_lines
from tests.system.web import Web

_TRACEAPP = ["-c", "from traceapp.cli import main; main()"]
_SECRET_KEY = "the tests' own secret key: 32 bytes or more"


def run_command(environ: Mapping[str, str], folder: Path, *arguments: str) -> str:
    """Run a ``traceapp`` command to its end and return what it said."""
    log = folder / f"command-{uuid4()}.log"
    whole = process_environ(environ)
    program = Program([sys.executable, *_TRACEAPP, *arguments], log=log, environ=whole)
    assert program.wait(60) == 0, f"traceapp {' '.join(arguments)}:\n{program.output}"
    return program.output


def prepare(database_url: str, folder: Path) -> str:
    """Make an empty database an installation's: tables, the district, and a token; return that."""
    environ = {"TRACEAPP_DATABASE_URL": database_url, "TRACEAPP_SECRET_KEY": _SECRET_KEY}
    registry = folder / "district.jsonl"
    registry.write_text(registry_lines(), encoding="utf-8")
    run_command(environ, folder, "db", "upgrade")
    run_command(environ, folder, "registry", "load", str(registry))
    return run_command(environ, folder, "token", "create", "system", "--role", "admin").split()[-1]


class Installation:
    """One installation: its database, its broker, its mail server and its three processes."""

    def __init__(
        self,
        run: RunProcess,
        folder: Path,
        database_url: str,
        token: str,
        broker: Mosquitto,
        mailbox: Mailbox,
    ) -> None:
        """Take a database that ``prepare`` has made and the token that it gave."""
        self.run = run
        self.folder = folder
        self.database_url = database_url
        self.broker = broker
        self.mailbox = mailbox
        self.processes: dict[str, Program] = {}
        port = free_port()
        self.web = Web(f"http://127.0.0.1:{port}", token)
        self.environ = {
            "TRACEAPP_DATABASE_URL": database_url,
            "TRACEAPP_BROKER_URL": broker.url,
            "TRACEAPP_BROKER_CLIENT_ID": "ingest-1",
            "TRACEAPP_SMTP_URL": mailbox.url,
            "TRACEAPP_MAIL_FROM": "coldchain@example.org",
            "TRACEAPP_BASE_URL": self.web.url,
            "TRACEAPP_BIND": f"127.0.0.1:{port}",
            "TRACEAPP_DATA_FOLDER": str(folder / "var"),
            "TRACEAPP_SECRET_KEY": _SECRET_KEY,
        }

    def start(self) -> None:
        """Start the three processes and wait until they are ready."""
        self.start_ingester()
        self.processes["alerts"] = self.run([*_TRACEAPP, "alerts"], self.environ)
        self.processes["web"] = web = self.run([*_TRACEAPP, "web"], self.environ)
        self.broker.wait_for_subscriber("ingest-1")
        web.wait_until(self.is_ready, "the web is ready")

    def start_ingester(self) -> Program:
        """Start the ingester; from its first start on, the broker keeps what it misses."""
        self.processes["ingest"] = self.run(["-m", "ingest"], self.environ)
        return self.processes["ingest"]

    def is_ready(self) -> bool:
        """Ask ``/readyz``."""
        try:
            return self.web.ask("GET", "/readyz").status == 200
        except OSError:
            return False

    def command(self, *arguments: str) -> str:
        """Run a ``traceapp`` command to its end and return what it said."""
        return run_command(self.environ, self.folder, *arguments)

    def assert_all_run(self) -> None:
        """No process has ended."""
        ended = {
            name: p.output[-3000:]
            for name, p in self.processes.items()
            if p.exit_status is not None
        }
        assert ended == {}

    def rows(self, query: str) -> list[Any]:
        """Ask the database itself, as reports and notebooks do (contract §6)."""
        if self.database_url.startswith("sqlite:///"):
            connection = sqlite3.connect(self.database_url.removeprefix("sqlite:///"))
            try:
                return connection.execute(query).fetchall()
            finally:
                connection.close()
        with psycopg.connect(self.database_url.replace("+psycopg", "")) as session:
            return session.execute(query.encode()).fetchall()

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])


class Gateway:
    """What a site's gateway does: it publishes, and hears what is answered to the site."""

    def __init__(self, broker: Mosquitto, site: str, folder: Path) -> None:
        self.broker = broker
        self.site = site
        self.folder = folder
        self._heard = broker.listen(f"coldchain/v1/{site}/#", folder / f"heard-{site}")
        self._sent = 0

    def report(self, what: str, items: list[dict[str, Any]], sensor: str = "") -> dict[str, Any]:
        """Publish readings or movements with a ``ref`` and return the acknowledgement."""
        self._sent += 1
        ref = f"{self.site}-{self._sent}"
        self.broker.publish(self.topic(what, sensor), json.dumps({"ref": ref, what: items}))
        wait_until(lambda: bool(self.acks(ref, sensor)), f"{ref} was acknowledged: {self.said()}")
        return self.acks(ref, sensor)[0]

    def topic(self, what: str, sensor: str = "") -> str:
        """Return a topic of the site, or of one of its sensors."""
        return "/".join(filter(None, ["coldchain/v1", self.site, sensor, what]))

    def acks(self, ref: str, sensor: str = "") -> list[dict[str, Any]]:
        """Return the acknowledgements of one message."""
        return [ack for ack in self.heard(self.topic("acks", sensor)) if ack["ref"] == ref]

    def rejections(self) -> list[dict[str, Any]]:
        """Return what was reported as refused."""
        return self.heard(self.topic("rejections"))

    def heard(self, topic: str) -> list[dict[str, Any]]:
        """Return the documents that were published under a topic."""
        lines = self._heard.output.splitlines()
        return [json.loads(line[len(topic) :]) for line in lines if line.startswith(f"{topic} ")]

    def said(self) -> str:
        """Return the last that was heard, to be shown when a test fails."""
        return self._heard.output[-2000:]
