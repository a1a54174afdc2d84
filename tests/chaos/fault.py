"""One fault that lasts, instead of many kills: what is away or full, and what is said meanwhile."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.parts import Parts
from tests.servers.mailbox import Mailbox

FAULTS = ("database-away", "disk-full", "broker-away", "mail-refused", "mail-away")
DISK_MIB = 256
_LOOK_EVERY_S = 2.0
_FIGURES = re.compile(
    r"^((?:traceapp_(?:database_up|outbox|troubles)|ingest_(?:database|broker|unsent))\S*) (\S+)$",
    re.MULTILINE,
)


class Fault:
    """A fault of one name, and everything that the installation says of itself in it."""

    def __init__(self, name: str, parts: Parts, mailbox: Mailbox) -> None:
        self._parts, self._mailbox = parts, mailbox
        self._begin, self._end = {
            "database-away": (parts.database.take_away, parts.database.start),
            "disk-full": (self._fill, self._free),
            "broker-away": (parts.broker.take_away, parts.broker.start),
            "mail-refused": (mailbox.refuse, lambda: mailbox.refuse(None)),
            "mail-away": (mailbox.close, mailbox.open),
        }[name]
        self.is_on = False
        self.said: list[str] = []
        """What /readyz said, each time that it said something else."""
        self.figures: dict[str, str] = {}
        """Metrics just before the end of the fault."""
        self._ballast = parts.folder / "database" / "ballast"

    def last(self, seconds: float, turn: Callable[[], None]) -> None:
        """Let it be well for a moment, then ill for so long, then well again; `turn` supervises."""
        while not self._ask_whether_ready().startswith("200"):
            turn()
            time.sleep(_LOOK_EVERY_S)
        began = time.monotonic()
        self._watch(began, 10, turn)
        self._note(began, "— the fault begins —")
        self.is_on = True
        self._begin()
        self._watch(began, seconds, turn)
        self.figures = self._read_figures()
        self._note(began, "— the fault ends —")
        self._end()
        self.is_on = False
        until = time.monotonic() + 300
        while time.monotonic() < until and not self.said[-1].endswith(" ok"):
            self._watch(began, _LOOK_EVERY_S, turn)

    def _watch(self, began: float, seconds: float, turn: Callable[[], None]) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            turn()
            self._note(began, self._ask_whether_ready())
            time.sleep(_LOOK_EVERY_S)

    def _note(self, began: float, said: str) -> None:
        """Keep what is new; a figure that merely grows is not."""
        plain = re.sub(r"\d+", "N", said)
        if not self.said or re.sub(r"\d+", "N", self.said[-1].partition(" s: ")[2]) != plain:
            self.said.append(f"{time.monotonic() - began:.0f} s: {said}")

    def _ask_whether_ready(self) -> str:
        status, content = self._get(f"{self._parts.web_url}/readyz")
        try:
            document = json.loads(content)
        except ValueError:
            return f"{status}"
        return " ".join([str(status), *document["troubles"], document["status"]])

    def _read_figures(self) -> dict[str, str]:
        urls = (f"{self._parts.web_url}/metrics", f"{self._parts.metrics_url}/metrics")
        found: dict[str, str] = {}
        for url in urls:
            found |= dict(_FIGURES.findall(self._get(url)[1]))
        return {name: value for name, value in found.items() if "_created" not in name}

    @staticmethod
    def _get(url: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def _fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            block = b"\0" * 65_536
            while block:
                try:
                    file.write(block)
                except OSError:
                    block = block[: len(block) // 2]

    def _free(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path) -> Generator[None, None, None]:
    """A disk of its own for a folder, which can be full; only root may do that."""
    folder.mkdir()
    size = f"size={DISK_MIB}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
