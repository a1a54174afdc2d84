"""A process whose address is taken says so in one line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from traceapp.schema import upgrade_database

_WEB = [sys.executable, "-c", "from traceapp.cli import main; main()", "web"]
_INGEST = [sys.executable, "-m", "ingest"]


def test_an_address_that_nobody_knows_ends_the_web_with_one_line(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'traceapp.db'}"
    upgrade_database(url)
    settings = {"TRACEAPP_DATABASE_URL": url, "TRACEAPP_BIND": "nowhere.invalid:8000"}
    told = dict(os.environ, TRACEAPP_DATA_FOLDER=str(tmp_path), **settings)
    done = subprocess.run(_WEB, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Expected to listen on nowhere.invalid:8000" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "variable"), [(_WEB, "TRACEAPP_BIND"), (_INGEST, "TRACEAPP_METRICS_BIND")]
)
def test_an_address_that_is_taken_ends_the_process_with_one_line(
    command: list[str], variable: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'traceapp.db'}"
    upgrade_database(url)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRACEAPP_")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = {
            "TRACEAPP_DATABASE_URL": url,
            "TRACEAPP_BROKER_URL": "mqtt://127.0.0.1:9",
            "TRACEAPP_BROKER_CLIENT_ID": "ingest-1",
            "TRACEAPP_DATA_FOLDER": str(tmp_path),
            variable: bind,
        }
        done = subprocess.run(
            command, env=kept | settings, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert f"Expected to listen on {bind}" in line
    assert done.stdout == ""
