"""`python -m traceapp.bench.pacer`: a calm fleet that speaks at an even rate, as it is now.

Every reading bears the present moment and is made just before it leaves, so that a million
sensors, or half an hour, need no more memory than one second of ten.
"""

from __future__ import annotations

import argparse
import select
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from traceapp.bench.publisher import WINDOW, connect, packet

#: So often it writes what is due; after a stall no more than twice as much at once.
TICK_S = 0.02
_ROUND_CHUNK = 500


class Pacer:
    """A publisher of QoS-1 messages, of which no more than a window is ever unanswered."""

    def __init__(self, sock: socket.socket, sensors: int, window: int) -> None:
        self._sock = sock
        self._sensors = sensors
        self._window = window
        self._turn = calm_turn(sensors)
        self.written = 0
        self._answered = 0  # In bytes: a PUBACK has four.

    def write(self, count: int) -> None:
        """Write so many readings of the next sensors in turn, once the window has room."""
        self._hear(self._window - count)
        chunk = bytearray()
        for _ in range(count):
            chunk += packet(self.written, self.written % self._sensors, next(self._turn))
            self.written += 1
        self._sock.sendall(chunk)

    def finish(self) -> None:
        """Wait until the broker has answered everything."""
        self._hear(0)

    def _hear(self, most: int) -> None:
        """Take what the broker has answered, until at most `most` messages are unanswered."""
        while self.written - self._answered // 4 > most or _has_come(self._sock):
            heard = self._sock.recv(65_536)
            if not heard:
                raise ConnectionError("The broker hung up.")
            self._answered += len(heard)


def calm_turn(sensors: int) -> Iterator[bytes]:
    """What the sensors say in turn, for ever: the present, between 4.0 and 6.0 °C."""
    number = 0
    while True:
        sensor, turn = number % sensors, number // sensors
        celsius = 4.0 + (sensor * 7 + turn * 3) % 21 / 10
        at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        yield f'{{"at": "{at}", "celsius": {celsius:.1f}}}'.encode()
        number += 1


def speak_once(pacer: Pacer, sensors: int) -> None:
    """Let every sensor speak once, as fast as the broker answers."""
    for start in range(0, sensors, _ROUND_CHUNK):
        pacer.write(min(_ROUND_CHUNK, sensors - start))
    pacer.finish()


def keep_pace(pacer: Pacer, rate: float, seconds: float) -> float:
    """Publish evenly for so long; returns the rate that was really reached."""
    most = max(1, int(rate * TICK_S * 2))
    first, began = pacer.written, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        due = int(rate * passed) - (pacer.written - first)
        if due > 0:
            pacer.write(min(due, most))
        if due < most:
            time.sleep(TICK_S)
    pacer.finish()
    return (pacer.written - first) / (time.perf_counter() - began)


def _has_come(sock: socket.socket) -> bool:
    return bool(select.select([sock], [], [], 0)[0])


def main() -> int:
    """Each line asks for something: `round`, or `pace`; the answer says what came of it."""
    parser = argparse.ArgumentParser(prog="traceapp.bench.pacer")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sensors", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    told = parser.parse_args()
    window = max(WINDOW, int(told.rate * TICK_S * 4))
    with connect(told.port, "pacer") as sock, suppress(BrokenPipeError):
        pacer = Pacer(sock, told.sensors, window)
        for line in sys.stdin:
            if line.strip() == "round":
                speak_once(pacer, told.sensors)
                answer = f"{pacer.written}"
            else:
                rate = keep_pace(pacer, told.rate, told.seconds)
                answer = f"{rate:.1f} {pacer.written}"
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
