"""The child processes of the demo: started with their settings, watched, and stopped together."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
SECONDS_TO_STOP = 8.0
SECONDS_BETWEEN_STARTS = 1.0
SECONDS_BETWEEN_LOOKS = 0.3


class CrewFailed(Exception):
    """A child process did not do what the demo needs."""


@dataclass
class Member:
    """One child process and how to start it again."""

    name: str
    command: list[str]
    child: subprocess.Popen[bytes]
    started_at: float


def free_port(wanted: int = 0) -> int:
    """A free port on loopback: the wanted one where it is free."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise CrewFailed("Expected a free port on loopback, got none")


def module(name: str, *arguments: str) -> list[str]:
    """How to run a module of ours with this Python."""
    return [sys.executable, "-m", name, *arguments]


def traceapp(*arguments: str) -> list[str]:
    """How to run a `traceapp` command with this Python, installed or not."""
    return [sys.executable, "-c", "from traceapp.cli import main; main()", *arguments]


class Crew:
    """Starts children with one environment, restarts whoever ends, stops them all."""

    def __init__(self, environ: Mapping[str, str], logs: Path, tell: Callable[[str], None]) -> None:
        self.environ = dict(environ)
        self.logs = logs
        self.tell = tell
        self.members: list[Member] = []
        self._is_over = threading.Event()
        self._hands_off = threading.Lock()
        self._watchman = threading.Thread(target=self._keep_watch, daemon=True)
        logs.mkdir(parents=True, exist_ok=True)
        self._watchman.start()

    def run(self, command: Sequence[str]) -> str:
        """Run a command to its end and answer what it printed."""
        done = subprocess.run(  # noqa: S603 - our own commands
            list(command), env=self.environ, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
            shown = " ".join(word for word in command[3:])
            raise CrewFailed(f"traceapp {shown} ended with {done.returncode}: {said[-1]}")
        return done.stdout

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a child that is to run for as long as the demo."""
        with self._hands_off:
            child = self._spawn(name, command)
            self.members.append(Member(name, list(command), child, _clock()))

    def _keep_watch(self) -> None:
        """Start again each child that has ended, and say so in one line."""
        while not self._is_over.wait(SECONDS_BETWEEN_LOOKS):
            with self._hands_off:
                for member in self.members:
                    self._look_after(member)

    def _look_after(self, member: Member) -> None:
        code = member.child.poll()
        if code is None or _clock() - member.started_at < SECONDS_BETWEEN_STARTS:
            return
        words = self.last_words(member.name)
        self.tell(f"{member.name} ended ({code}) and is started again; its last words: {words}")
        member.child = self._spawn(member.name, member.command)
        member.started_at = _clock()

    def wait_for(self, what: str, is_there: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait until something is there."""
        until = _clock() + seconds
        while not is_there():
            if _clock() > until:
                raise CrewFailed(f"Expected {what} within {seconds:.0f} s; see {self.logs}")
            time.sleep(0.1)

    def wait_for_port(self, name: str, port: int) -> None:
        """Wait until a child listens."""
        self.wait_for(f"{name} on port {port}", lambda: _is_open(port))

    def last_words(self, name: str) -> str:
        """The last line that a child wrote."""
        lines = self.log_of(name).strip().splitlines()
        return lines[-1][:300] if lines else "without a word"

    def log_of(self, name: str) -> str:
        """Everything that a child wrote."""
        return self._log(name).read_text("utf-8", "replace")

    def stop(self) -> None:
        """Stop all, the last started first; whoever does not listen is killed."""
        self._is_over.set()
        self._watchman.join()
        for member in reversed(self.members):
            if member.child.poll() is None:
                member.child.send_signal(signal.SIGTERM)
        until = _clock() + SECONDS_TO_STOP
        for member in self.members:
            try:
                member.child.wait(max(0.1, until - _clock()))
            except subprocess.TimeoutExpired:
                member.child.kill()
                member.child.wait()
        self.members.clear()

    def _spawn(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log(name).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own commands
                list(command),
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def _is_open(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), 0.5).close()
    except OSError:
        return False
    return True


def _clock() -> float:
    return time.monotonic()
