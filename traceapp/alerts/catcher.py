"""`python -m traceapp.alerts.catcher`: a mail server on loopback that stores what it is given.

For the demo and for trying out: it delivers nothing to anybody.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from traceapp.stop import until_told

_HOST = "127.0.0.1"


class Folder:
    """Stores each accepted mail as NNNN.eml, numbered in the order of arrival."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._last = max(_numbers(folder.glob("*.eml")), default=0)

    async def handle_DATA(  # noqa: N802 - the name by which aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        """Store one mail; whoever looks sees it whole or not at all."""
        self._last += 1
        path = self._folder / f"{self._last:04}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(envelope.original_content)
        unfinished.replace(path)
        return "250 Stored"


def _numbers(paths: Iterable[Path]) -> list[int]:
    return [int(path.stem) for path in paths if path.stem.isdigit()]


def catch(port: int, folder: Path) -> Controller:
    """Start to catch mail at a port of loopback; stop it with `.stop()`."""
    controller = Controller(Folder(folder), hostname=_HOST, port=port, ready_timeout=30)
    controller.start()
    return controller


def main(arguments: list[str] | None = None) -> int:
    """Catch mail until SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="traceapp.alerts.catcher",
        description="Store every mail that comes to a port of loopback as FOLDER/NNNN.eml.",
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    told = parser.parse_args(arguments)
    is_over = until_told()
    try:
        controller = catch(told.port, told.folder)
    except OSError as error:
        sys.stderr.write(f"catcher: {os.strerror(error.errno or 0)}: {_HOST}:{told.port}\n")
        return 1
    sys.stderr.write(f"catching mail at {_HOST}:{told.port}\n")
    is_over.wait()
    controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
