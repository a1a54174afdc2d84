"""Is it alive, is it able to work, and what do the figures say; open to everybody."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

from flask.testing import FlaskClient

from config import Settings
from schemas.reading import Reading
from tests.integration.door import SECRET_KEY, Door
from traceapp.api.metrics import MEANINGS
from traceapp.app import create_app
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import open_database


def test_it_is_alive_and_ready_and_says_how_old_the_last_commit_is(
    door: Door, admin: FlaskClient
) -> None:
    door.clock.forward(seconds=90)
    stranger = door.client()
    assert stranger.get("/healthz").get_json() == {"status": "ok"}
    ready = stranger.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json()["last_commit_age_seconds"] == 90.0
    assert ready.get_json()["broker"] == "none"


def test_the_last_commit_counts_even_where_it_brought_an_old_reading(
    door: Door, admin: FlaskClient
) -> None:
    for sensor, ago in (("S1", timedelta(0)), ("S2", timedelta(days=3))):
        door.clock.forward(seconds=60)
        with door.database.begin() as session:
            reading = Reading(door.clock() - ago, 5.0)
            record_readings(session, [ReadingMessage(sensor, [reading])], door.clock())
    door.clock.forward(seconds=7)
    assert door.client().get("/readyz").get_json()["last_commit_age_seconds"] == 7.0


def test_before_the_first_commit_there_is_no_age(door: Door) -> None:
    assert door.client().get("/readyz").get_json()["last_commit_age_seconds"] is None


def test_a_broker_that_listens_is_ok_and_one_that_does_not_is_not(door: Door) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        settings = Settings(broker_url=f"mqtt://127.0.0.1:{port}", secret_key_given=SECRET_KEY)
        client = create_app(settings, door.database).test_client()
        assert client.get("/readyz").get_json()["broker"] == "ok"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["broker"] == "unreachable"


def test_a_database_that_is_away_is_said_and_ends_nothing(tmp_path: Path) -> None:
    settings = Settings(secret_key_given=SECRET_KEY)
    away = open_database(f"sqlite:///{tmp_path}/no/such/folder.db")
    client = create_app(settings, away).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["database"] == "unreachable"
    assert client.get("/healthz").status_code == 200
    assert "traceapp_database_up 0.0" in client.get("/metrics").text
    away.close()


def test_every_metric_has_its_meaning_and_its_figure(door: Door, admin: FlaskClient) -> None:
    text = door.client().get("/metrics").text
    for name, meaning in MEANINGS.items():
        assert f"# HELP {name}" in text, name
        assert meaning in text
    assert "traceapp_outbox_waiting 3.0" in text
    assert 'route="/api/v1/readings"' in text
    assert "451481" not in text
