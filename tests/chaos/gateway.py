"""A gateway of the product, ``traceapp publish``, that is fed from a file that grows."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

from tests.chaos.message import write_lines
from tests.chaos.parts import TRACEAPP, Part, Parts
from tests.chaos.plan import Plan
from tests.servers.program import Program


class Gateway(Part):
    """The process, its buffer on disk, and who writes the lines."""

    def __init__(self, source: str, plan: Plan, parts: Parts) -> None:
        super().__init__(source, self._begin_publishing)
        self._plan, self._parts = plan, parts
        self._file = parts.folder / f"readings-{source}.jsonl"
        self._file.touch()
        self._buffer = parts.folder / f"buffer-{source}"
        self.waves_fed = 0
        self.is_finishing = threading.Event()
        self._feeder = threading.Thread(target=self._feed, daemon=True)

    def feed(self) -> None:
        """Begin to write lines at the plan's rate."""
        self._feeder.start()

    @property
    def is_drained(self) -> bool:
        """Whether every line was written, taken and acknowledged."""
        if self._feeder.is_alive():
            return False
        try:
            with closing(sqlite3.connect(self._buffer / "buffer.db", timeout=5)) as connection:
                [waiting] = connection.execute("SELECT count(*) FROM waiting").fetchone()
                taken = connection.execute('SELECT max("offset") FROM source').fetchone()[0]
        except sqlite3.Error:
            return False
        return bool(waiting == 0 and taken == self._file.stat().st_size)

    def _begin_publishing(self) -> Program:
        told = ["--site", self.name, "--buffer", str(self._buffer)]
        pace = ["--batch", "5", "--in-flight", "16", "--patience", "3"]
        arguments = [*TRACEAPP, "publish", *told, *pace, str(self._file)]
        return self._parts.run(arguments, f"gateway-{self.name}")

    def _feed(self) -> None:
        with self._file.open("ab", buffering=0) as file:
            for wave in range(self._plan.waves):
                for line in write_lines(self._plan, self.name, wave):
                    file.write(line.content)
                    if not self.is_finishing.is_set():
                        time.sleep(1 / self._plan.rate)
                self.waves_fed = wave + 1
                if self.is_finishing.is_set():
                    return
