"""A program in the background: its output kept, its readiness waited for, always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

NOBODY = 65534
_STEP = 0.02


class Program:
    """One started program; what it says goes to a file, so that it never waits for a reader."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        uid: int | None = None,
    ) -> None:
        """Start the program, as another user where ``uid`` is given (only root may)."""
        self.arguments = [str(argument) for argument in arguments]
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [*_ends_with_us(), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(os.environ if environ is None else environ),
                cwd=folder,
                user=uid,
                group=uid,
                extra_groups=None if uid is None else [],
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def output(self) -> str:
        """Everything that the program has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def exit_status(self) -> int | None:
        """None while the program runs."""
        return self._popen.poll()

    def wait_for_output(self, text: str, seconds: float = 30) -> None:
        """Wait until the program has said ``text``."""
        self.wait_until(lambda: text in self.output, f"it says {text!r}", seconds)

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = 30) -> None:
        """Wait until something is so; an end of the program before that is a failure."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if self.exit_status is not None:
                raise AssertionError(self._story(f"ended with {self.exit_status} before {what}"))
            if time.monotonic() > deadline:
                raise AssertionError(self._story(f"{seconds:.0f} s passed before {what}"))
            time.sleep(_STEP)

    def wait(self, seconds: float = 30) -> int:
        """Wait for the program to end by itself and return its exit status."""
        return self._popen.wait(seconds)

    def stop(self, sign: int = signal.SIGTERM, seconds: float = 15) -> int:
        """Ask the program to end, end it when it does not, and return its exit status."""
        if self.exit_status is None:
            self._popen.send_signal(sign)
            try:
                self._popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        self._end_children()
        return self._popen.wait(seconds)

    def signal(self, sign: int) -> None:
        """Send a signal and do not wait: SIGSTOP lets the program pause until SIGCONT."""
        self._popen.send_signal(sign)

    def kill(self) -> None:
        """End the program the hard way, as a power cut would (``kill -9``)."""
        self._popen.kill()
        self._popen.wait(60)
        self._end_children()

    def _end_children(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _story(self, what: str) -> str:
        return f"{' '.join(self.arguments)}: {what}. It said:\n{self.output[-4000:]}"


@cache
def _ends_with_us() -> tuple[str, ...]:
    """Return what lets a program end when the tests are killed, where this machine has it."""
    prefix = ("setpriv", "--pdeathsig", "KILL", "--")
    try:
        done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    except OSError:
        return ()
    return prefix if done.returncode == 0 else ()


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Say whether somebody answers at a port of loopback."""
    with socket.socket() as caller:
        caller.settimeout(0.5)
        return caller.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_so: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until something is so, and fail with ``what`` when it does not come to be."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{seconds:.0f} s passed before {what}"
        time.sleep(_STEP)
