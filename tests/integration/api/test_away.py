"""What the web answers while the database is away."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from flask.testing import FlaskClient

from tests.integration.door import Door
from traceapp.db import open_database


@pytest.fixture
def away() -> Generator[FlaskClient, None, None]:
    """A client with a token, before an application whose database nobody serves."""
    database = open_database("postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    door = Door(database)
    yield door.client("cct_a-token-that-nobody-can-look-up")
    database.close()


def test_the_api_asks_to_come_again(away: FlaskClient) -> None:
    for answer in (away.get("/api/v1/sites"), away.post("/api/v1/doses", json={})):
        assert answer.status_code == 503
        assert answer.content_type == "application/problem+json"
        assert answer.headers["Retry-After"]


def test_a_page_says_it_in_the_language_of_the_reader(away: FlaskClient) -> None:
    answer = away.get("/", headers={"Accept": "text/html", "Accept-Language": "zh"})
    assert answer.status_code == 503
    assert "暂时无法答复" in answer.text


def test_whether_the_process_lives_is_told_to_everybody(away: FlaskClient) -> None:
    assert away.get("/healthz").status_code == 200
    assert away.get("/readyz").get_json()["database"] == "unreachable"
    assert "traceapp_database_up 0.0" in away.get("/metrics").text
