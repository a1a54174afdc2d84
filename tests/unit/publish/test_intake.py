"""The intake waits for a disk that is full, and drops nothing."""

from __future__ import annotations

import resource
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.servers.program import wait_until
from traceapp.publish.buffer import Buffer
from traceapp.publish.intake import Intake, NotKept
from traceapp.publish.line import Numbering, RawLine
from traceapp.publish.source import Portion
from traceapp.publish.voice import Voice


class OnePortion:
    """A source with five readings."""

    def read(self) -> Portion:
        """Return them, as the last there are."""
        return Portion([RawLine(b'{"sensor":"a","celsius":4}')] * 5, is_last=True)

    def close(self) -> None:
        """Nothing is open."""


@contextmanager
def full_disk(folder: Path) -> Generator[None, None, None]:
    """No file of this process can grow beyond what the buffer's log has now."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (folder / "buffer.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_lines_that_were_read_are_kept_once_the_disk_has_room(tmp_path: Path) -> None:
    said: list[str] = []
    confirmed: list[int] = []
    with closing(Buffer(tmp_path, 100)) as buffer:
        voice = Voice(said.append)
        intake = Intake(OnePortion(), buffer, Numbering("b7"), voice, confirmed.append)
        thread = threading.Thread(target=intake.run, args=[threading.Event()])
        with full_disk(tmp_path):
            thread.start()
            wait_until(lambda: bool(said), "it says so")
            assert confirmed == []
        thread.join(10)
        assert confirmed == [5]
        assert b'"seq": 5' in buffer.load(0, 9)[-1].reading
    assert len(said) == 2
    assert said[0].startswith("The buffer cannot be written")
    assert said[1] == "The buffer can be written again."


def test_told_to_end_on_a_full_disk_it_says_what_it_could_not_keep(tmp_path: Path) -> None:
    is_over = threading.Event()
    with closing(Buffer(tmp_path, 100)) as buffer:
        voice = Voice(lambda _: is_over.set())
        intake = Intake(OnePortion(), buffer, Numbering("b7"), voice, lambda _: None)
        with full_disk(tmp_path), pytest.raises(NotKept, match="5 lines"):
            intake.run(is_over)
