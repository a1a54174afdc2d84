"""Who we are, and whether another process has ended."""

from __future__ import annotations

import os
import subprocess
import sys

from ingest.holder import has_ended, name_holder


def test_a_process_that_runs_has_not_ended() -> None:
    assert not has_ended(name_holder())
    assert not has_ended(name_holder(os.getppid()))


def test_a_process_that_was_killed_has_ended_even_before_its_parent_asks() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        name = name_holder(process.pid)
        assert not has_ended(name)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(name)
    assert has_ended(name)


def test_a_number_that_is_used_again_is_another_process() -> None:
    who, started, kernel = name_holder().split(" ", 2)
    assert has_ended(f"{who} {int(started) - 1} {kernel}")


def test_of_another_machine_or_another_boot_nothing_is_known() -> None:
    who, started, kernel = name_holder().split(" ", 2)
    gone = f"{who.rpartition(':')[0]}:999999999"
    assert has_ended(f"{gone} {started} {kernel}")
    assert not has_ended(f"{gone} {started} {kernel}2")
    assert not has_ended(f"elsewhere:999999999 {started} {kernel}")
    for odd in ("", "x", f"{gone} ? {kernel}", f"{gone} 1 ?", f"elsewhere:x {started} {kernel}"):
        assert not has_ended(odd)
