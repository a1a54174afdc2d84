"""The ingester as a process, between a real Mosquitto and both databases."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.servers.fixtures import RunProcess
from tests.servers.mosquitto import Mosquitto
from tests.servers.program import Program, free_port, wait_until
from traceapp.db import Database, open_database
from traceapp.models.reading import Reading
from traceapp.models.rejection import Rejection

START = datetime(2021, 5, 9, tzinfo=UTC)
S1 = "coldchain/v1/CLINIC/S1"
Ingest = Callable[..., Program]


@pytest.fixture
def environ(mosquitto: Mosquitto, database_url: str) -> dict[str, str]:
    return {
        "TRACEAPP_DATABASE_URL": database_url,
        "TRACEAPP_BROKER_URL": mosquitto.url,
        "TRACEAPP_BROKER_CLIENT_ID": "ingest-test",
    }


@pytest.fixture
def ingest(run_process: RunProcess, environ: dict[str, str]) -> Ingest:
    def run(**more: str) -> Program:
        return run_process(["-m", "ingest"], environ | more, ready='"connected"')

    return run


def lines(count: int, start: int = 0) -> list[str]:
    moments = [START + timedelta(minutes=number) for number in range(start, start + count)]
    return [json.dumps({"at": moment.isoformat(), "celsius": 4.0}) for moment in moments]


def stored(database: Database, model: type[Reading] | type[Rejection] = Reading) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def _is_past(database: Database, count: int) -> bool:
    return stored(database) > count


def test_nothing_is_lost_or_doubled_when_the_ingester_is_killed_at_work(
    ingest: Ingest, mosquitto: Mosquitto, database_url: str
) -> None:
    database = open_database(database_url)
    victim = ingest()
    for number in range(2):
        already = stored(database)
        mosquitto.publish_lines(f"{S1}/readings", lines(150, number * 150))
        wait_until(partial(_is_past, database, already), "some are stored")
        victim.kill()
        mosquitto.publish(f"{S1}/readings", f"rubbish {number}")
        victim = ingest()
    wait_until(lambda: stored(database) == 300, "all 300 are stored")
    wait_until(lambda: stored(database, Rejection) == 2, "the rubbish is kept")
    assert victim.stop() == 0
    database.close()


def test_a_broker_that_is_restarted_is_found_again(
    ingest: Ingest, mosquitto: Mosquitto, database_url: str
) -> None:
    database = open_database(database_url)
    process = ingest()
    mosquitto.publish_lines(f"{S1}/readings", lines(10))
    wait_until(lambda: stored(database) == 10, "the first are stored")
    mosquitto.stop()
    mosquitto.start()
    wait_until(lambda: process.output.count('"connected"') == 2, "it is connected again")
    mosquitto.publish_lines(f"{S1}/readings", lines(10, 10))
    wait_until(lambda: stored(database) == 20, "the others are stored")
    assert process.stop() == 0
    database.close()


def test_acks_and_rejections_are_heard_outside(
    ingest: Ingest, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    ingest()
    heard = mosquitto.listen("coldchain/v1/CLINIC/#", tmp_path / "heard")
    mosquitto.publish(f"{S1}/readings", json.dumps({"ref": "r", "readings": [{"celsius": 1}]}))
    heard.wait_for_output(f'{S1}/acks {{"ref":"r","stored":0,"repeated":0,"refused":1}}')
    heard.wait_for_output('"reason":"invalid","field":"[0].at"')


def test_metrics_are_served_where_told(ingest: Ingest, mosquitto: Mosquitto) -> None:
    port = free_port()
    ingest(TRACEAPP_METRICS_BIND=f"127.0.0.1:{port}")
    mosquitto.publish(f"{S1}/readings", lines(1)[0])

    def shown() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            return str(page.read().decode())

    wait_until(lambda: 'ingest_items_total{outcome="stored"} 1.0' in shown(), "it is counted")


@pytest.mark.parametrize(
    ("variable", "value", "status", "said"),
    [
        ("TRACEAPP_BROKER_CLIENT_ID", "", 2, "TRACEAPP_BROKER_CLIENT_ID: expected"),
        ("TRACEAPP_BROKER_URL", "http://x", 2, "TRACEAPP_BROKER_URL: expected"),
        ("TRACEAPP_DATABASE_URL", "sqlite:///nowhere/x.db", 1, "The database refused"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(
    variable: str, value: str, status: int, said: str, run_process: RunProcess, mosquitto: Mosquitto
) -> None:
    environ = {
        "TRACEAPP_DATABASE_URL": "sqlite:///x.db",
        "TRACEAPP_BROKER_URL": mosquitto.url,
        "TRACEAPP_BROKER_CLIENT_ID": "ingest-test",
    }
    process = run_process(["-m", "ingest"], environ | {variable: value})
    assert process.wait() == status
    assert said in process.output
    assert "Traceback" not in process.output
