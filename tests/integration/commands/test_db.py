"""Creating the database from the terminal."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from traceapp.commands.db import db


def upgrade(path: Path) -> str:
    environ = {"TRACEAPP_DATABASE_URL": f"sqlite:///{path}"}
    result = CliRunner().invoke(db, ["upgrade"], env=environ)
    assert result.exit_code == 0
    return result.output


def test_a_new_sqlite_file_is_its_owners_alone_and_an_upgrade_again_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "traceapp.db"
    assert "was at None" in upgrade(path)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    path.chmod(0o640)
    assert "was at" not in upgrade(path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_the_folder_of_a_new_sqlite_database_is_made(tmp_path: Path) -> None:
    assert "was at None" in upgrade(tmp_path / "var" / "traceapp.db")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    environ = {"TRACEAPP_DATABASE_URL": f"sqlite:///{tmp_path / 'var' / 'traceapp.db'}"}
    result = CliRunner().invoke(db, ["upgrade"], env=environ)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: Expected a folder {tmp_path / 'var'}")
