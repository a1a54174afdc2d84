"""A command that only reads makes no secret key, and a key of another database is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config import SettingInvalid
from schemas.dose import DoseSchema
from tests.integration.country import NOW, REGISTRY, load_registry
from tests.servers.fixtures import RunProcess
from tests.servers.program import free_port
from traceapp.capture.dose import record_dose
from traceapp.cli import commands
from traceapp.db import Database
from traceapp.vault import Vault

RIGHT, WRONG = "right" * 8, "wrong" * 8
DOCUMENT = "999999199001015458"
_MAIN = ["-c", "from traceapp.cli import main; main()"]


@pytest.fixture
def sealed(database: Database) -> Database:
    """A database with one person in it."""
    load_registry(database, REGISTRY)
    given = {
        "id": "d1",
        "at": "2021-05-09T08:00:00Z",
        "site": "CLINIC",
        "lot": {"gtin": "06901234567892", "number": "L1"},
        "recipient": {"document": DOCUMENT, "document_type": "resident_id", "name": "张三"},
    }
    with database.begin() as session:
        record_dose(session, DoseSchema().load(given), Vault(RIGHT), NOW)
    return database


def told(database: Database, folder: Path, key: str = "", others: str = "") -> dict[str, str]:
    return {
        "TRACEAPP_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "TRACEAPP_DATA_FOLDER": str(folder / "var"),
        "TRACEAPP_SECRET_KEY": key,
        "TRACEAPP_OTHER_SECRET_KEYS": others,
    }


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments, env=environ)


@pytest.mark.parametrize(
    "arguments",
    [
        ("trace", DOCUMENT),
        ("trace", "nothing"),
        ("trace", "d1"),
        ("keys", "show"),
        ("keys", "rotate"),
        ("recipients", "forget"),
        ("token", "create", "x", "--role", "officer"),
        ("signin-link",),
        ("ledger", "rebuild"),
    ],
    ids=" ".join,
)
def test_no_command_makes_a_key_where_people_are_sealed_under_another(
    sealed: Database, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run(told(sealed, tmp_path), *arguments)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("code", [DOCUMENT, "nothing"])
@pytest.mark.parametrize("key", ["", WRONG])
def test_who_is_sealed_under_another_key_is_not_called_unknown(
    sealed: Database, tmp_path: Path, key: str, code: str
) -> None:
    done = run(told(sealed, tmp_path, key), "trace", code)
    assert isinstance(done.exception, SettingInvalid), done.output
    said = str(done.exception)
    assert said.startswith("TRACEAPP_SECRET_KEY: expected the key that sealed")
    assert f"key id {Vault(RIGHT).key_id}" in said
    assert "TRACEAPP_DATA_FOLDER" in said
    ours = f"got key id {Vault(WRONG).key_id} as given" if key else "got none, and no file"
    assert ours in said
    assert DOCUMENT not in said
    assert key not in said or not key


@pytest.mark.parametrize("places", [(RIGHT, ""), (WRONG, RIGHT), ("", RIGHT)])
def test_the_right_key_finds_the_person_wherever_it_was_given(
    sealed: Database, tmp_path: Path, places: tuple[str, str]
) -> None:
    done = run(told(sealed, tmp_path, *places), "trace", DOCUMENT, "--json")
    assert done.exit_code == 0, done.output
    assert '"d1"' in done.output


def test_what_is_no_person_is_traced_without_any_key(sealed: Database, tmp_path: Path) -> None:
    done = run(told(sealed, tmp_path), "trace", "d1", "--json")
    assert done.exit_code == 0, done.output


def test_without_people_a_code_is_unknown_without_any_key(
    database: Database, tmp_path: Path
) -> None:
    done = run(told(database, tmp_path), "trace", "nothing")
    assert "Expected a code that the record knows" in done.output


def test_without_a_key_the_ids_of_the_database_are_shown_and_nothing_is_resealed(
    sealed: Database, tmp_path: Path
) -> None:
    shown = run(told(sealed, tmp_path), "keys", "show")
    assert shown.stdout.split() == [Vault(RIGHT).key_id, "unknown", "1"]
    assert "There is no first key: TRACEAPP_SECRET_KEY is not set" in shown.stderr
    others = run(told(sealed, tmp_path, "", RIGHT), "keys", "show")
    assert others.stdout.split() == [Vault(RIGHT).key_id, "other", "1"]
    rotated = run(told(sealed, tmp_path, "", RIGHT), "keys", "rotate")
    assert isinstance(rotated.exception, SettingInvalid)


@pytest.mark.parametrize("key", ["", WRONG])
def test_the_web_does_not_start_over_people_of_another_key(
    sealed: Database, tmp_path: Path, run_process: RunProcess, key: str
) -> None:
    web = run_process([*_MAIN, "web"], told(sealed, tmp_path, key))
    web.wait_for_output(
        "traceapp: TRACEAPP_SECRET_KEY: expected the key that sealed the people", 60
    )
    assert Vault(RIGHT).key_id in web.output
    assert "Traceback" not in web.output
    assert not (tmp_path / "var").exists()


def test_a_file_with_the_key_of_another_database_is_named(sealed: Database, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret_key").write_text(WRONG)
    done = run(told(sealed, tmp_path), "trace", DOCUMENT)
    assert f"got key id {Vault(WRONG).key_id} of {tmp_path}/var/secret_key" in str(done.exception)


def test_the_web_starts_where_the_key_of_the_people_is_among_the_others(
    sealed: Database, tmp_path: Path, run_process: RunProcess
) -> None:
    environ = told(sealed, tmp_path, "", RIGHT) | {"TRACEAPP_BIND": f"127.0.0.1:{free_port()}"}
    run_process([*_MAIN, "web"], environ, ready="listening on")
    done = run(environ, "trace", DOCUMENT, "--json")
    assert done.exit_code == 0, done.output
