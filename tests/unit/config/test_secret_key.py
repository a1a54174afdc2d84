"""Tests of the secret key that the first start generates."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from config import SettingInvalid, load_settings
from config.secret_key import kept_secret_key


def test_the_first_start_generates_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    settings = load_settings({"TRACEAPP_DATA_FOLDER": str(folder)})
    assert not folder.exists(), "loading the settings must not write"
    assert len(settings.secret_key) >= 32
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == ["secret_key"]


def test_every_later_start_finds_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    assert kept_secret_key(path) == kept_secret_key(path)


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path, found, start = tmp_path / "secret_key", [], threading.Barrier(8)

    def first_start() -> None:
        start.wait()
        found.append(kept_secret_key(path))

    threads = [threading.Thread(target=first_start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_truncated_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("short")
    with pytest.raises(SettingInvalid, match="TRACEAPP_SECRET_KEY: expected 32 bytes"):
        kept_secret_key(tmp_path / "secret_key")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingInvalid, match="TRACEAPP_SECRET_KEY: expected a value, or a file"):
        kept_secret_key(tmp_path / "file" / "secret_key")
