"""What every test may ask for."""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, NoReturn

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# The same examples on every machine and in every run: what fails, fails for everybody. To look
# for new ones by hand: `pytest --hypothesis-profile=search`, ten times as many at random.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("search", max_examples=1_000, deadline=None)
settings.load_profile("steady")

#: How a process ends that broke something itself; any other end came from somewhere else.
_OWN_FAULT = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
_ended: dict[str, int] = {}
_begun_again: set[str] = set()

# A worker that hears no more from its master ends itself with 1 and says why only here.
os.environ.setdefault("EXECNET_DEBUG", "1")


class _Diary:
    """What a worker writes to its very end; unlike a file it may be open when the worker ends."""

    def __init__(self, file: IO[str]) -> None:
        self._descriptor = os.dup(file.fileno())
        file.close()

    def write(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def flush(self) -> None:
        """It is written already."""

    def tell_stacks(self, what: str) -> None:
        """Write where every thread is: whoever ends a worker stands among them."""
        self.write(f"{what}, at {datetime.now(UTC):%H:%M:%S}\n")
        faulthandler.dump_traceback(self._descriptor)


def pytest_configure(config: pytest.Config) -> None:
    """Give a worker its diary, in which it says why it ends, however it does."""
    channel: Any = sys.modules.get("execnet.gateway_base")
    if not (hasattr(config, "workerinput") and hasattr(channel, "debugfile")):
        return
    diary = channel.debugfile = _Diary(channel.debugfile)
    atexit.register(diary.tell_stacks, "It ends in order")
    end_at_once = os._exit

    def end(status: int) -> NoReturn:
        diary.tell_stacks(f"os._exit({status})")
        end_at_once(status)

    os._exit = end


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """Note how one of pytest's own worker processes ended; tell all where it ended too early."""
    worker = node.gateway._io.popen
    diary = Path(tempfile.gettempdir()) / f"execnet-debug-{worker.pid}"
    if error is not None:
        _ended[node.gateway.id] = status = worker.wait()
        sys.stderr.write(f"\nworker {node.gateway.id} ended with {status}; its last words:\n")
        if diary.exists():
            lines = diary.read_text(errors="replace").splitlines()
            sys.stderr.writelines(f"  {line[:300]}\n" for line in lines[-80:])
    diary.unlink(missing_ok=True)


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: Any, sched: Any) -> None:
    """Begin a test again, once, where its worker ended by no fault that a process makes itself."""
    status = _ended.get(report.node.gateway.id, 0)
    if -status not in _OWN_FAULT and crashitem not in _begun_again:
        _begun_again.add(crashitem)
        sched.mark_test_pending(crashitem)
        report.outcome = "rerun"
        sys.stderr.write(f"{crashitem} is begun again: its worker ended with {status}\n")
