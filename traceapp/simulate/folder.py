"""The folder of a demo: emptied at each start, but never under a demo that runs."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

#: What every demo leaves; a folder without it is somebody else's.
_LEFT_BY_A_DEMO = "logs"


class FolderTaken(Exception):
    """The demo's folder belongs to a demo that runs, or to somebody who keeps things there."""


@contextmanager
def fresh_folder(data: Path) -> Generator[Path, None, None]:
    """An empty folder `demo` in `data`, held for as long as the demo runs.

    Removes what an earlier demo left there. Raises FolderTaken rather than remove anything else.
    """
    folder = (data / "demo").resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / ".demo.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = (
                f"Expected no other demo in {folder}, got one that runs; choose another --data"
            )
            raise FolderTaken(message) from None
        if folder.exists():
            if any(folder.iterdir()) and not (folder / _LEFT_BY_A_DEMO).is_dir():
                message = f"Expected {folder} to be left by a demo, got something else in it"
                raise FolderTaken(message)
            shutil.rmtree(folder)
        folder.mkdir()
        yield folder
