"""The commands that open the door: the first link, tokens, and the web itself."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import Door
from tests.servers.fixtures import RunProcess
from tests.servers.program import free_port
from traceapp.cli import commands
from traceapp.db import open_database


@pytest.fixture
def run(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """A terminal with a database and nothing else set."""
    monkeypatch.setenv("TRACEAPP_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TRACEAPP_DATA_FOLDER", str(tmp_path / "data"))
    return CliRunner()


def _call(run: CliRunner, *arguments: str) -> Result:
    return run.invoke(commands, list(arguments))


def test_a_token_that_was_printed_once_opens_what_its_role_allows(
    run: CliRunner, sqlite_url: str
) -> None:
    database = open_database(sqlite_url)
    load_registry(database, REGISTRY)
    made = _call(run, "token", "create", "desk", "--role", "viewer", "--division", "451481")
    assert made.exit_code == 0, made.output
    client = Door(database).client(made.output.strip())
    assert len(client.get("/api/v1/sites").get_json()["items"]) == 2
    assert client.get("/api/v1/rejections").status_code == 403
    assert _call(run, "token", "revoke", "desk").exit_code == 0
    assert client.get("/api/v1/sites").status_code == 401
    database.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["desk", "--role", "king"],
        ["desk", "--role", "viewer", "--division", "45"],
        ["desk", "--role", "viewer", "--site", "NOWHERE"],
        ["desk", "--role", "vaccinator"],
        ["d" * 65, "--role", "viewer"],
        ["desk"],
    ],
)
def test_a_token_that_makes_no_sense_is_refused_in_one_line(
    run: CliRunner, arguments: list[str]
) -> None:
    refused = _call(run, "token", "create", *arguments)
    assert refused.exit_code in (1, 2)
    assert "cct_" not in refused.output
    assert "Traceback" not in refused.output


def test_a_name_keeps_its_role(run: CliRunner) -> None:
    assert _call(run, "token", "create", "desk", "--role", "viewer").exit_code == 0
    assert _call(run, "token", "create", "desk", "--role", "viewer").exit_code == 0
    assert _call(run, "token", "create", "desk", "--role", "admin").exit_code == 1


def test_a_link_is_printed_for_the_administrator_and_for_known_names(run: CliRunner) -> None:
    link = _call(run, "signin-link").output.strip()
    assert link.startswith("http://127.0.0.1:8000/sign-in?link=ccl_")
    assert _call(run, "signin-link", "nobody").exit_code == 1


def test_the_first_start_prints_a_link_and_serves_what_it_promises(
    run_process: RunProcess, sqlite_url: str, tmp_path: Path
) -> None:
    port = free_port()
    environ = {
        "TRACEAPP_DATABASE_URL": sqlite_url,
        "TRACEAPP_DATA_FOLDER": str(tmp_path / "data"),
        "TRACEAPP_BIND": f"127.0.0.1:{port}",
        "TRACEAPP_BASE_URL": f"http://127.0.0.1:{port}",
    }
    start = "from traceapp.cli import main; import sys; sys.argv[1:] = ['web']; main()"
    web = run_process(["-c", start], environ, ready="listening")
    [link] = [word for word in web.output.split() if "/sign-in?link=" in word]
    with urllib.request.urlopen(link, timeout=10) as page:
        assert page.status == 200
        assert page.headers["Server"] is None
    secret = link.partition("link=")[2]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with opener.open(f"http://127.0.0.1:{port}/sign-in", f"secret={secret}".encode()) as page:
        assert page.url == f"http://127.0.0.1:{port}/"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", f"secret={secret}".encode())
    refused.value.close()
    assert refused.value.code == 403
    assert web.stop() == 0
    again = run_process(["-c", start], environ, ready="listening")
    assert "link=" not in again.output
