"""A socket that is read in large pieces, whoever asks for single bytes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_CHUNK = 65_536
_PUBLISH = 0x30


class ReadAhead:
    """A socket that reads ahead of paho's parser, which asks for single bytes."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._chunk = b""
        self._at = 0
        self.is_dry = False

    def publishes(self) -> Iterator[tuple[int, bytes]]:
        """The PUBLISH packets that lie whole in what was read: their first byte and their content.

        Stops before anything else; nothing is taken of a packet that paho has begun to read.
        """
        chunk, end = self._chunk, len(self._chunk)
        while self._at + 2 <= end:
            command, size, start = chunk[self._at], chunk[self._at + 1], self._at + 2
            shift = 7
            while size >> shift and start < end and shift < 28:
                size = size & (1 << shift) - 1 | chunk[start] << shift
                start, shift = start + 1, shift + 7
            if command & 0xF0 != _PUBLISH or start + size > end or size >> shift:
                return
            self._at = start + size
            yield command, chunk[start : self._at]

    def recv(self, size: int) -> bytes:
        if self._at >= len(self._chunk):
            self.is_dry = True  # Until the next line says otherwise.
            self._chunk = self._sock.recv(_CHUNK)
            self._at, self.is_dry = 0, False
        start, self._at = self._at, self._at + size
        return self._chunk[start : self._at]

    def send(self, data: bytes | bytearray) -> int:
        return int(self._sock.send(data))

    def fileno(self) -> int:
        return int(self._sock.fileno())

    def close(self) -> None:
        self._sock.close()

    def setblocking(self, is_blocking: bool) -> None:
        self._sock.setblocking(is_blocking)
