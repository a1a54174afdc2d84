"""A demo empties its own folder and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from traceapp.simulate.folder import FolderTaken, fresh_folder


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path) -> None:
    with fresh_folder(tmp_path) as folder:
        (folder / "logs").mkdir()
        (folder / "traceapp.db").write_text("old")
    with fresh_folder(tmp_path) as again:
        assert again == folder
        assert list(again.iterdir()) == []


def test_a_second_demo_does_not_take_the_folder_of_one_that_runs(tmp_path: Path) -> None:
    with fresh_folder(tmp_path) as folder:
        (folder / "logs").mkdir()
        with pytest.raises(FolderTaken, match="one that runs"), fresh_folder(tmp_path):
            pass
        assert (folder / "logs").is_dir()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("years of work")
    with pytest.raises(FolderTaken, match="something else"), fresh_folder(tmp_path):
        pass
    assert (tmp_path / "demo" / "thesis.txt").read_text() == "years of work"
