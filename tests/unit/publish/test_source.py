"""Files that grow, are rotated, or are replaced by others of the same name."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from traceapp.publish.source import GrowingFile, Portion, Position


class Reader:
    """Reads a file as the intake does, and remembers what was said."""

    def __init__(self, path: Path, known: Position | None = None, *, follow: bool = True) -> None:
        self.told: list[str] = []
        self.position = known
        self.source = GrowingFile(
            path, known, is_followed=follow, wait=lambda _: None, tell=self.told.append
        )

    def lines(self, times: int = 3) -> list[bytes]:
        """Return what comes in so many looks."""
        portions: list[Portion] = [self.source.read() for _ in range(times)]
        self.position = next((p.position for p in reversed(portions) if p.position), self.position)
        return [raw.content for portion in portions for raw in portion.lines]


Open = Callable[..., Reader]


@pytest.fixture
def reader_of() -> Generator[Open, None, None]:
    """Open readers that are closed at the end."""
    with ExitStack() as stack:

        def opened(path: Path, known: Position | None = None, *, follow: bool = True) -> Reader:
            reader = Reader(path, known, follow=follow)
            stack.callback(reader.source.close)
            return reader

        yield opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is, or will be."""
    return tmp_path / "readings.jsonl"


def test_a_file_is_waited_for_and_an_unfinished_line_too(path: Path, reader_of: Open) -> None:
    reader = reader_of(path)
    assert reader.lines() == []
    path.write_bytes(b"one\ntw")
    assert reader.lines() == [b"one"]
    assert reader.position is not None
    assert reader.position.offset == 4
    with path.open("ab") as growing:
        growing.write(b"o\n")
    assert reader.lines() == [b"two"]


def test_a_later_run_goes_on_where_the_last_line_was_kept(path: Path, reader_of: Open) -> None:
    path.write_bytes(b"one\ntw")
    first = reader_of(path)
    assert first.lines() == [b"one"]
    path.write_bytes(b"one\ntwo\nthree\n")
    second = reader_of(path, first.position)
    assert second.lines() == [b"two", b"three"]
    assert reader_of(path, second.position).lines() == []


def test_another_file_of_that_name_is_taken_from_its_start(path: Path, reader_of: Open) -> None:
    path.write_bytes(b"one\n")
    first = reader_of(path)
    first.lines()
    path.write_bytes(b"two\nthree\n")
    second = reader_of(path, first.position)
    assert second.lines() == [b"two", b"three"]
    assert "from its start again" in second.told[0]


def test_a_file_that_a_power_cut_shortened_and_its_writer_continued_is_taken_again(
    path: Path, reader_of: Open
) -> None:
    path.write_bytes(b"one\ntwo\n")
    first = reader_of(path)
    first.lines()
    path.write_bytes(b"one\nthree\nfour\n")
    assert reader_of(path, first.position).lines() == [b"one", b"three", b"four"]


def test_a_rotation_by_renaming_loses_no_line(path: Path, reader_of: Open) -> None:
    path.write_bytes(b"one\n")
    reader = reader_of(path)
    assert reader.lines() == [b"one"]
    with path.open("ab") as growing:
        growing.write(b"two\n")
    path.rename(path.with_suffix(".1"))
    assert reader.lines() == [b"two"]
    path.write_bytes(b"three\n")
    assert reader.lines() == [b"three"]


def test_a_file_read_once_ends_with_a_whole_reading_or_leaves_half_of_one(
    path: Path, reader_of: Open
) -> None:
    path.write_bytes(b'{"a":1}\n{"b":2}')
    reader = reader_of(path, follow=False)
    assert reader.lines(2) == [b'{"a":1}', b'{"b":2}']
    path.write_bytes(b'{"a":1}\n{"b":')
    reader = reader_of(path, follow=False)
    assert reader.lines(2) == [b'{"a":1}']
    assert reader.position is not None
    assert reader.position.offset == 8
    assert "unfinished" in reader.told[0]
