"""Where lines come from: a pipe, or a file that grows. Nothing is read ahead of what is asked."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Protocol

from traceapp.publish.line import MOST_BYTES, RawLine

_AT_ONCE = 16 * 1024
_WAIT_S = 0.2
_TAIL_BYTES = 256


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was taken, and what stands just before.

    Another file of that name has other bytes there, and so has one that a power cut has shortened
    and its writer has continued.
    """

    path: str
    tail: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class Portion:
    """Lines that came together; once they are kept, `position` is where to go on."""

    lines: list[RawLine] = field(default_factory=list)
    position: Position | None = None
    is_last: bool = False


class Source(Protocol):
    """What the intake reads from."""

    def read(self) -> Portion:
        """Return what has come, waiting a moment at most."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class Splitter:
    """Cuts bytes into lines, and holds an unfinished one."""

    def __init__(self) -> None:
        self.rest = b""
        self._is_cut = False

    def split(self, content: bytes) -> list[RawLine]:
        """Return the lines that are complete; a line without end comes in parts."""
        *whole, self.rest = (self.rest + content).split(b"\n")
        lines = [RawLine(line, self._is_cut and place == 0) for place, line in enumerate(whole)]
        self._is_cut = self._is_cut and not whole
        if len(self.rest) > MOST_BYTES:
            lines.append(RawLine(self.rest, is_cut=True))
            self.rest, self._is_cut = b"", True
        return [line for line in lines if line.content.strip()]

    def end(self) -> list[RawLine]:
        """Return the unfinished line, because nothing follows it."""
        rest, self.rest = self.rest, b""
        return [RawLine(rest, self._is_cut)] if rest.strip() else []


class Pipe:
    """Standard input, or what else can be read once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._splitter = Splitter()

    def read(self) -> Portion:
        """Return what stands in the pipe; its end may be an unfinished line."""
        if not select.select([self._descriptor], [], [], _WAIT_S)[0]:
            return Portion()
        content = os.read(self._descriptor, _AT_ONCE)
        if content:
            return Portion(self._splitter.split(content))
        return Portion(self._splitter.end(), is_last=True)

    def close(self) -> None:
        """Read no more; the pipe is its owner's to close."""


class GrowingFile:
    """A file that somebody appends to; it is followed through a rotation by renaming."""

    def __init__(
        self,
        path: Path,
        known: Position | None,
        *,
        is_followed: bool,
        wait: Callable[[float], object],
        tell: Callable[[str], None],
    ) -> None:
        """`known` is how far it was taken before; `wait` sleeps where there is nothing to read."""
        self._path, self._known = path, known
        self._is_followed, self._wait, self._tell = is_followed, wait, tell
        self._file: FileIO | None = None
        self._seen, self._offset = b"", 0
        self._splitter = Splitter()

    def read(self) -> Portion:
        """Return the next lines; an unfinished last one waits for its end."""
        if self._file is None and not self._open():
            self._wait(_WAIT_S)
            return Portion()
        assert self._file is not None
        content = self._file.read(_AT_ONCE)
        if not content:
            return self._rest()
        self._offset += len(content)
        lines = self._splitter.split(content)
        self._seen = (self._seen + content)[-_TAIL_BYTES - len(self._splitter.rest) :]
        return Portion(lines, self._position())

    def close(self) -> None:
        """Read no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _position(self) -> Position:
        rest = len(self._splitter.rest)
        tail = self._seen[: len(self._seen) - rest][-_TAIL_BYTES:]
        return Position(str(self._path), tail, self._offset - rest)

    def _rest(self) -> Portion:
        """What to do at the end: follow, turn to the next file of that name, or be done."""
        if not self._is_followed:
            return self._last()
        if not self._was_replaced():
            self._wait(_WAIT_S)
            return Portion()
        assert self._file is not None
        content = self._file.read()
        lines = self._splitter.split(content) + self._splitter.end()
        self.close()
        self._known, self._splitter = None, Splitter()
        return Portion(lines, Position(str(self._path), b"", 0))

    def _last(self) -> Portion:
        """What follows the last line end: a reading whose end was forgotten, or half of one."""
        if self._splitter.rest.strip() and not self._splitter.rest.rstrip().endswith(b"}"):
            self._tell(f"The last line of {self._path} is unfinished; it is left for another time.")
            return Portion([], self._position(), is_last=True)
        return Portion(self._splitter.end(), self._position(), is_last=True)

    def _was_replaced(self) -> bool:
        assert self._file is not None
        mine = os.fstat(self._file.fileno())
        try:
            other = self._path.stat()
        except FileNotFoundError:
            return False
        if (mine.st_dev, mine.st_ino) != (other.st_dev, other.st_ino):
            return True
        return other.st_size < self._offset

    def _open(self) -> bool:
        try:
            # Unbuffered: what is not asked for is not read.
            file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            if not self._is_followed:
                raise
            return False
        self._file = file
        self._seen, self._offset = b"", 0
        known = self._known
        if known is not None and known.offset:
            file.seek(known.offset - len(known.tail))
            if file.read(len(known.tail)) == known.tail:
                self._seen, self._offset = known.tail, known.offset
            else:
                self._tell(f"{self._path} is not what it was; taking it from its start again.")
            file.seek(self._offset)
        return True
