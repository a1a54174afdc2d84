"""Who we are among all processes, and whether another one is known to have ended.

A process that is killed and started again must not wait for the lease of its former self. Only the
machine that ran a process can say for sure that it has ended; of all others nothing is known.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def name_holder(pid: int | None = None) -> str:
    """The name of a process of this machine, ours unless told: `HOST:PID START KERNEL`.

    START is when it began, so that a number used again is no mistake; KERNEL is the boot and the
    namespace in which the number means something.
    """
    number = os.getpid() if pid is None else pid
    return f"{socket.gethostname()[:64]}:{number} {_started(number) or '?'} {_kernel()}"


def has_ended(holder: str) -> bool:
    """Whether the process of that name ran here and is gone; False where nobody can say."""
    who, _, rest = holder.partition(" ")
    host, _, number = who.rpartition(":")
    started, _, kernel = rest.partition(" ")
    if host != socket.gethostname()[:64] or kernel != _kernel() or "?" in rest:
        return False
    return number.isdigit() and _started(int(number)) != started and not _is_hidden(int(number))


def _kernel() -> str:
    """Which boot of which machine, and which namespace of processes; `?` where unknown."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return "?"


def _started(pid: int) -> str | None:
    """When a process began, in the kernel's own ticks; None when there is none, or only its end.

    The fields of /proc/PID/stat are proc(5): after the name in brackets its state is the first
    and its start the twentieth.
    """
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _is_hidden(pid: int) -> bool:
    """Whether there is such a process of somebody else's, of which /proc may tell us nothing."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return _started(pid) is None
    except (ProcessLookupError, OverflowError):
        pass
    return False
