"""A gateway at work: takes lines, sends them, and ends in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from traceapp.publish.buffer import Buffer
from traceapp.publish.client import ROOT, Connection
from traceapp.publish.intake import Intake
from traceapp.publish.sender import Pace, Sender
from traceapp.publish.voice import Voice

_WAIT_S = 0.1


class GaveUp(Exception):
    """The record acknowledged nothing for as long as we were to wait."""


class Gateway:
    """One run from the first line to the last acknowledgement, or until told to end."""

    def __init__(
        self, site: str, broker_url: str, buffer: Buffer, pace: Pace, run: str, voice: Voice
    ) -> None:
        """Nothing is connected before the first reading, whose sensor bears the last will."""
        self.buffer, self._voice, self._site = buffer, voice, site
        self.sender = Sender(site, buffer, pace, run, voice)
        topics = [f"{ROOT}/{site}/+/acks", f"{ROOT}/{site}/rejections"]
        self._connection = Connection(broker_url, topics, self.sender.hear)
        self._announced: set[str] = set()

    def run(
        self,
        intake: Intake,
        is_over: threading.Event,
        give_up_s: float | None,
        show: Callable[[int, int], None] = lambda settled, waiting: None,
    ) -> bool:
        """Return whether all is acknowledged; False when told to end before that."""
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(intake.run, is_over)
            try:
                return self._run(reading, is_over, give_up_s, show)
            finally:
                is_over.set()
                self._connection.close()
                self.sender.tell_all()

    def _run(
        self,
        reading: Future[None],
        is_over: threading.Event,
        give_up_s: float | None,
        show: Callable[[int, int], None],
    ) -> bool:
        progress, since = (0, 0), time.monotonic()
        while not is_over.is_set():
            now = time.monotonic()
            self._greet()
            self.sender.turn(self._connection, now, _WAIT_S)
            show(self.sender.tally.settled, self.buffer.waiting)
            if reading.done():
                reading.result()
                if self.sender.is_idle:
                    return True
            newest = (self.buffer.last_id, self.sender.tally.settled)
            if newest != progress or not self.buffer.waiting:
                progress, since = newest, now
            elif give_up_s is not None and now - since > give_up_s:
                raise GaveUp(self._still_waiting(give_up_s))
        reading.result()
        return self.buffer.waiting == 0

    def _greet(self) -> None:
        """Connect once there is somebody to speak for, and say who is there."""
        sensors = self.buffer.sensors
        new = sorted(sensors - self._announced)
        if new:
            names = [f"{self._site}/{sensor}" for sensor in new]
            is_first = not self._announced
            self._announced |= set(new)
            if is_first:
                self._connection.leave_will(names[0])
            self._connection.announce(names)
            if is_first:
                self._connection.open_patiently()
        self._tell_connection()

    def _tell_connection(self) -> None:
        broker = f"{self._connection.host}:{self._connection.port}"
        if self._connection.is_ready:
            self._voice.end("broker", f"Connected to {broker}.")
        elif self._announced and self._connection.trouble != "no answer":
            self._voice.begin("broker", f"No connection to {broker}: {self._connection.trouble}.")

    def _still_waiting(self, give_up_s: float) -> str:
        trouble = self._connection.trouble
        got = f"no connection: {trouble}" if trouble else "none"
        return (
            f"Expected an acknowledgement within {give_up_s:g} s, got {got}; "
            f"{self.buffer.waiting} readings wait in {self.buffer.path}."
        )
