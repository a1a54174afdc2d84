"""How long after a reading the mail server has the e-mail about it, while a fleet speaks."""

from __future__ import annotations

import email
import email.policy
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import select

from schemas.registry import KINDS
from traceapp.bench.fleet import DIVISION, prepare
from traceapp.bench.line import answer, ask, introduce, start_ingester, start_pacer
from traceapp.bench.publisher import connect, packet, sensor_code
from traceapp.bench.servers import (
    Programs,
    free_port,
    is_listening,
    start_mosquitto,
    start_postgresql,
    wait_until,
)
from traceapp.capture.registry import register
from traceapp.db import open_database
from traceapp.models.excursion import Excursion
from traceapp.models.outbox import EXCURSION, Outbox, is_about
from traceapp.models.unit import Unit

_ALERTS = [sys.executable, "-c", "from traceapp.cli import main; main()", "alerts"]
#: Freezing is an alarm at once, whatever came before.
_FREEZING = -1.0
#: So long after the last alarm e-mails may still come.
_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds from publish to the mail server's answer, of each alarm that got its e-mail.

    `until_judged` is the first part of each: until the transaction began that judged the reading.
    """

    seconds: list[float]
    until_judged: list[float]
    alarms: int
    rate: float
    settled_rate: float


def measure_alerts(sensors: int, rate: float, seconds: float, every_s: float) -> Delays:
    """A calm fleet at an even rate, and every so often one further sensor that freezes."""
    alarms = max(1, int(seconds / every_s))
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name, Programs() as programs:
        folder = Path(name)
        port, url = start_mosquitto(programs, folder), start_postgresql(programs, folder)
        prepare(url, sensors + alarms)
        _expect_mail(url)
        caught = _start_sender(programs, folder, url)
        line = start_ingester(programs, folder, port, url)
        introduce(programs, line, port, sensors + alarms)
        pacer = start_pacer(programs, port, sensors, rate=rate, seconds=seconds)
        before, began = line.settled(), time.perf_counter()
        ask(pacer, "pace")
        published = _freeze(port, range(sensors, sensors + alarms), every_s)
        reached, written = answer(pacer)
        wanted = before + int(written) + alarms
        wait_until(lambda: line.settled() >= wanted, "all was settled")
        settled_rate = (wanted - before) / (time.perf_counter() - began)
        heard = _wait_for_mail(caught, alarms)
        judged = _judged_at(url)
    delays = [heard[code] - at for code, at in published.items() if code in heard]
    first = [judged[code] - at for code, at in published.items() if code in judged]
    return Delays(delays, first, alarms, reached, settled_rate)


def _judged_at(url: str) -> dict[str, float]:
    """When the transaction began that owes the e-mail about each unit, by the unit's code."""
    database = open_database(url)
    owed = select(Unit.code, Outbox.due_at).join(Excursion, Excursion.unit_id == Unit.id)
    with database.read() as session:
        rows = session.execute(owed.join(Outbox, is_about(EXCURSION, Excursion.id))).all()
    database.close()
    return {code: due_at.timestamp() for code, due_at in rows}


def _expect_mail(url: str) -> None:
    """Register one contact who hears alarms."""
    database = open_database(url)
    contact = {"email": "duty@example.org", "name": "Duty", "division": DIVISION}
    with database.begin() as session:
        document = KINDS["contact"]().load(contact | {"language": "en", "level": "alarm"})
        register(session, "contact", document, datetime.now(UTC))
    database.close()


def _start_sender(programs: Programs, folder: Path, url: str) -> Path:
    """Start a mail server that keeps what it is given, and who sends; returns where it is kept."""
    caught, port = folder / "mail", free_port()
    place = [f"--port={port}", f"--folder={caught}"]
    programs.start([sys.executable, "-m", "traceapp.alerts.catcher", *place])
    wait_until(lambda: is_listening(port), "the mail server listens", 60)
    environ = {
        **os.environ,
        "TRACEAPP_DATABASE_URL": url,
        "TRACEAPP_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "TRACEAPP_MAIL_FROM": "coldchain@example.org",
    }
    said = folder / "alerts.log"
    with said.open("wb") as log:
        programs.start(_ALERTS, env=environ, stderr=log)
    wait_until(lambda: b'"started"' in said.read_bytes(), "the alert sender has started", 60)
    return caught


def _freeze(port: int, sensors: range, every_s: float) -> dict[str, float]:
    """Let one sensor after the other freeze; returns when each reading was published."""
    published = {}
    with connect(port, "freezing") as sock:
        began = time.perf_counter()
        for number, sensor in enumerate(sensors):
            time.sleep(max(0.0, began + number * every_s - time.perf_counter()))
            now = time.time()
            at = datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
            payload = f'{{"at": "{at}", "celsius": {_FREEZING}}}'.encode()
            published[sensor_code(sensor)] = now
            sock.sendall(packet(number, sensor, payload))
    return published


def _wait_for_mail(caught: Path, wanted: int) -> dict[str, float]:
    """When the mail server accepted the e-mail about each unit, by the unit's code.

    It writes the file just before it answers.
    """
    until = time.monotonic() + _PATIENCE_S
    while len(list(caught.glob("*.eml"))) < wanted and time.monotonic() < until:
        time.sleep(0.1)
    heard: dict[str, float] = {}
    for path in sorted(caught.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        code = re.search(r"\b45-\d+", str(message["Subject"]))
        if code is None:
            raise click.ClickException(f"An e-mail that names no unit: {message['Subject']}")
        heard.setdefault(code[0], path.stat().st_mtime)
    return heard
