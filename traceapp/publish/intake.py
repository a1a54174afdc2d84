"""From the source into the buffer: a line is taken once it is durable, none while it is full."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from sqlalchemy.exc import OperationalError

from traceapp.publish.buffer import Buffer
from traceapp.publish.line import Line, Numbering
from traceapp.publish.source import Portion, Source
from traceapp.publish.voice import Voice

_REST_S = 0.5


class NotKept(Exception):
    """Lines were read that the disk did not take before we were told to end."""


class Intake:
    """Takes lines until the source ends or we are told to; runs in a thread of its own."""

    def __init__(
        self,
        source: Source,
        buffer: Buffer,
        numbering: Numbering,
        voice: Voice,
        confirm: Callable[[int], None],
    ) -> None:
        """`confirm` is told how many lines are safe, each time there are more."""
        self._source, self._buffer, self._numbering = source, buffer, numbering
        self._voice, self._confirm = voice, confirm
        self.taken = 0

    def run(self, is_over: threading.Event) -> None:
        """Take lines; returns at the end of the source."""
        while not is_over.is_set():
            if self._buffer.is_full:
                self._wait_for_room(is_over)
                continue
            portion = self._source.read()
            if portion.lines or portion.position:
                self._keep(portion, is_over)
            if portion.is_last:
                return

    def _wait_for_room(self, is_over: threading.Event) -> None:
        buffer = self._buffer
        self._voice.begin(
            "room",
            f"The buffer is full ({buffer.waiting} readings wait, {buffer.refused} are refused); "
            "reading no more until there is room.",
        )
        while buffer.is_full and not is_over.wait(_REST_S):
            pass
        if not buffer.is_full:
            self._voice.end("room", "There is room in the buffer again.")

    def _keep(self, portion: Portion, is_over: threading.Event) -> None:
        lines = [self._numbering.line_of(raw) for raw in portion.lines]
        while True:
            try:
                self._buffer.append(lines, portion.position)
                break
            except OperationalError as error:
                self._voice.begin("disk", f"The buffer cannot be written: {error.orig}; waiting.")
                if is_over.wait(_REST_S):
                    raise NotKept(
                        f"Expected to keep {len(lines)} lines that were read, got: {error.orig}"
                    ) from None
        self._voice.end("disk", "The buffer can be written again.")
        self._tell_refused(lines)
        self.taken += len(lines)
        if lines:
            self._confirm(self.taken)

    def _tell_refused(self, lines: Sequence[Line]) -> None:
        for line in lines:
            if line.reason:
                start = line.content[:60].decode("utf-8", "backslashreplace")
                self._voice.say(f"Not sent, kept in the buffer as refused: {line.reason}: {start}")
