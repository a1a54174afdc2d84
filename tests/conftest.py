"""What every test may ask for."""

from __future__ import annotations

import signal
import sys
from typing import Any

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers.fixtures"]

# The same examples on every machine and in every run: what fails, fails for everybody. To look
# for new ones by hand: `pytest --hypothesis-profile=search`, ten times as many at random.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("search", max_examples=1_000, deadline=None)
settings.load_profile("steady")

#: How a process ends that broke something itself; any other signal came from somebody else.
_OWN_FAULT = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
_ended: dict[str, int] = {}
_begun_again: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """Note how one of pytest's own worker processes ended, and say so where it ended too early."""
    if error is not None:
        _ended[node.gateway.id] = status = node.gateway._io.popen.wait()
        sys.stderr.write(f"\nworker {node.gateway.id} ended with {status}\n")


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: Any, sched: Any) -> None:
    """Begin a test again, once, where somebody else's signal ended the worker that ran it."""
    status = _ended.get(report.node.gateway.id, 0)
    if status < 0 and -status not in _OWN_FAULT and crashitem not in _begun_again:
        _begun_again.add(crashitem)
        sched.mark_test_pending(crashitem)
        report.outcome = "rerun"
        sign = signal.Signals(-status).name
        sys.stderr.write(f"{crashitem} is begun again: {sign} ended its worker\n")
