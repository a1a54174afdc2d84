"""``python -m tests.servers.install``: install the missing servers, or say how in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.servers.programs import DEBIAN_PACKAGES, find_program


def main() -> int:
    """Return 0 when every server is there or may be missing, 1 where CI is true and one is."""
    missing = _missing_packages()
    if missing and (prefix := _as_root()) is not None:
        _install(prefix, missing)
        missing = _missing_packages()
    if not missing:
        return 0
    is_failure = os.environ.get("CI") == "true"
    what = "Missing, and CI=true" if is_failure else "Missing, so tests that need it are skipped"
    _say(f"{what}: apt-get install {' '.join(missing)}")
    return 1 if is_failure else 0


def _missing_packages() -> list[str]:
    missing = [package for name, package in DEBIAN_PACKAGES.items() if find_program(name) is None]
    return sorted(set(missing))


def _as_root() -> list[str] | None:
    """Return what stands before apt-get, or None where we may not use it."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    asked = ["sudo", "-n", "true"]
    if (
        shutil.which("sudo")
        and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def _install(prefix: list[str], packages: list[str]) -> None:
    _say(f"Installing {' '.join(packages)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quietly = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [*prefix, *quietly, *arguments],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            _say(f"apt-get {arguments[0]} failed: {''.join(last)}")
            return


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


if __name__ == "__main__":
    sys.exit(main())
