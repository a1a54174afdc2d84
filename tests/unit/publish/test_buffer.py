"""The buffer keeps its promise: durable before taken, in order, bounded, one owner."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from traceapp.publish.buffer import Buffer, BufferTaken
from traceapp.publish.line import Line
from traceapp.publish.source import Position


def some(first: int, count: int) -> list[Line]:
    """Return lines that are known by their number."""
    return [Line(f"s{n % 3}", b'{"seq": %d}' % n) for n in range(first, first + count)]


@pytest.fixture
def buffer(tmp_path: Path) -> Generator[Buffer, None, None]:
    """A buffer for ten lines."""
    with closing(Buffer(tmp_path, 10)) as opened:
        yield opened


def test_what_was_appended_is_on_disk_for_anybody_before_append_returns(
    buffer: Buffer, tmp_path: Path
) -> None:
    buffer.append(some(0, 3))
    with closing(sqlite3.connect(tmp_path / "buffer.db")) as other:
        assert other.execute("SELECT count(*) FROM waiting").fetchone() == (3,)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_buffer_opened_again_goes_on_where_it_was_in_the_same_order(tmp_path: Path) -> None:
    with closing(Buffer(tmp_path, 10)) as buffer:
        buffer.append(some(0, 5), Position("/readings", b"tail", 77))
        buffer.release([2, 3])
        buffer.refuse(buffer.load(0, 1)[0], "digest", "")
        buffer.explain("digest", "future")
    with closing(Buffer(tmp_path, 10)) as again:
        assert [kept.reading for kept in again.load(0, 10)] == [b'{"seq": 3}', b'{"seq": 4}']
        assert (again.waiting, again.refused, again.sensors) == (2, 1, {"s0", "s1", "s2"})
        assert again.position(Path("/readings")) == Position("/readings", b"tail", 77)


def test_an_id_is_never_given_again(buffer: Buffer) -> None:
    buffer.append(some(0, 2))
    buffer.release([1, 2])
    buffer.append(some(2, 1))
    assert [kept.id for kept in buffer.load(2, 10)] == [3]
    assert buffer.last_id == 3


def test_refused_lines_count_against_the_bound(buffer: Buffer) -> None:
    buffer.append([*some(0, 8), Line("", b"nonsense", "Expected JSON")])
    states = [buffer.is_full]
    buffer.append([Line("", b"nonsense", "Expected JSON")])
    states.append(buffer.is_full)
    buffer.release([1])
    assert [*states, buffer.is_full] == [False, True, False]


def test_on_a_full_disk_nothing_is_half_kept_and_it_goes_on_when_there_is_room(
    buffer: Buffer, tmp_path: Path
) -> None:
    buffer.append(some(0, 2))
    log = tmp_path / "buffer.db-wal"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
    try:
        with pytest.raises(OperationalError):
            buffer.append(some(2, 5), Position("/readings", b"", 9))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (buffer.waiting, buffer.last_id) == (2, 2)
    assert buffer.position(Path("/readings")) is None
    buffer.append(some(2, 5), Position("/readings", b"", 9))
    assert len(buffer.load(0, 10)) == 7


def test_a_second_publisher_on_one_buffer_is_told(buffer: Buffer, tmp_path: Path) -> None:
    with pytest.raises(BufferTaken, match="Another publisher"):
        Buffer(tmp_path, 10)
