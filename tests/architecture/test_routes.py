"""Every address is guarded or declared public."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from flask import Flask

from config import Settings
from traceapp.access.guard import guard_of
from traceapp.app import create_app
from traceapp.db import open_database

# What a stranger may ask for: is the web alive, how do I sign in, in which language, its looks.
_OPEN_TO_STRANGERS = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/language/<language>",
    "/sign-in",
    "/static/<path:filename>",
}


@pytest.fixture
def app(tmp_path: Path) -> Generator[Flask, None, None]:
    """The application as it is served, on a database that nobody asks."""
    database = open_database(f"sqlite:///{tmp_path / 'unasked.db'}")
    yield create_app(Settings(), database)
    database.close()


def test_every_route_declares_who_may_use_it(app: Flask) -> None:
    undeclared = [r.rule for r in app.url_map.iter_rules() if guard_of(app, r.endpoint) is None]
    assert undeclared == []


def test_strangers_find_only_health_sign_in_and_looks(app: Flask) -> None:
    guards = {rule.rule: guard_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    public = {rule for rule, guard in guards.items() if guard is not None and guard.is_public}
    assert public == _OPEN_TO_STRANGERS
