"""How much memory an ingester takes that knows a whole country's sensors, and whether it grows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from traceapp.bench.fleet import prepare
from traceapp.bench.line import Line, answer, ask, introduce, start_ingester, start_pacer
from traceapp.bench.servers import Programs, start_mosquitto, start_postgresql, wait_until

#: As rarely as a country of sensors speaks: no one is silent because its turn is long.
_INTERVAL_S = 3_600


@dataclass(slots=True)
class Residence:
    """Resident memory of an ingester, in KiB; `over` is (seconds, KiB) while the fleet speaks."""

    prepared_s: float = 0.0
    introduced_s: float = 0.0
    at_start: int = 0
    all_known: int = 0
    most: int = 0
    remembered: int = 0
    rate: float = 0.0
    settled_rate: float = 0.0
    over: list[tuple[float, int]] = field(default_factory=list)

    @property
    def slope(self) -> float:
        """How many KiB a minute it grew by, as a straight line through all that was seen."""
        if len(self.over) < 2:
            return 0.0
        seconds, kib = zip(*self.over, strict=True)
        return linear_regression(seconds, kib).slope * 60


def measure_memory(
    sensors: int,
    rate: float,
    seconds: float,
    *,
    every_s: float,
    tell: Callable[[str], None],
) -> Residence:
    """Let every sensor speak once, then all in turn at an even rate, and look now and then."""
    seen = Residence()
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name, Programs() as programs:
        folder = Path(name)
        port, url = start_mosquitto(programs, folder), start_postgresql(programs, folder)
        began = time.perf_counter()
        prepare(url, sensors, interval_s=_INTERVAL_S)
        seen.prepared_s = time.perf_counter() - began
        tell(f"{sensors} sensors registered in {seen.prepared_s:.0f} s")
        line = start_ingester(programs, folder, port, url)
        seen.at_start = line.resident_kib()
        seen.introduced_s = introduce(programs, line, port, sensors)
        seen.all_known, seen.remembered = line.resident_kib(), line.remembered()
        tell(f"all have spoken after {seen.introduced_s:.0f} s: {seen.all_known / 1024:.0f} MiB")
        pacer = start_pacer(programs, port, sensors, rate=rate, seconds=seconds)
        before, began = line.settled(), time.perf_counter()
        ask(pacer, "pace")
        _look(line, seen, seconds, every_s)
        seen.rate, written = answer(pacer)
        wait_until(lambda: line.settled() >= before + int(written), "all was settled")
        seen.settled_rate = written / (time.perf_counter() - began)
        seen.most, seen.remembered = line.resident_kib("VmHWM"), line.remembered()
    return seen


def _look(line: Line, seen: Residence, seconds: float, every_s: float) -> None:
    """Note the ingester's memory every so often for so long."""
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        seen.over.append((passed, line.resident_kib()))
        time.sleep(min(every_s, seconds - passed))
