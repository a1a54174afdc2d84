"""What it takes to check and to record doses: processor time, ours and the server's together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text

from schemas.dose import Dose, Recipient
from schemas.lot import LotKey
from traceapp.bench.founding import SECRET_KEY
from traceapp.bench.ledger import World
from traceapp.capture.dose import DoseRefused, record_doses
from traceapp.db import Database
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.models.stock import Stock
from traceapp.trace.check import Intended, check_dose
from traceapp.vault import Vault

#: The doses of the largest day of a province on record.
PEAK_DAY = 919_500


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many doses were checked and recorded, so many in a transaction, and what that took."""

    doses: int
    batch: int
    seconds: float
    checking_seconds: float
    recording_seconds: float

    def hours_of_a_peak_day(self, processor_seconds: float) -> float:
        """Hours of one core for the largest day."""
        return processor_seconds / self.doses * PEAK_DAY / 3_600


def measure_recording(world: World, doses: int, batch: int, first: int = 0) -> Recorded:
    """Check doses one by one, and record them in transactions of `batch`; from stock on hand.

    `first` tells the doses of one measurement from those of the next.
    """
    database, now = world.database, world.province.plan.until
    given = _doses(world, doses, first)
    vault = Vault(SECRET_KEY)
    processor = _processor(database)
    began, checking, recording = time.perf_counter(), 0.0, 0.0
    for start in range(0, len(given), batch):
        part, used = given[start : start + batch], processor()
        for dose in part:
            with database.read() as session:
                said = dose.lot or LotKey("", "")
                check_dose(session, Intended(dose.site, None, said.gtin, said.number), now)
        checking, used = checking + processor() - used, processor()
        with database.begin() as session:
            outcomes = record_doses(session, part, vault, now)
        recording += processor() - used
        assert not any(isinstance(one, DoseRefused) or not one.is_new for one in outcomes)
    return Recorded(len(given), batch, time.perf_counter() - began, checking, recording)


def _doses(world: World, count: int, first: int) -> Sequence[Dose]:
    """Doses that clinics could give on the day after the campaign, to people who are new."""
    with world.database.read() as session:
        rows = session.execute(
            select(Site.code, Lot.gtin, Lot.number, Stock.doses)
            .join(Site, Site.id == Stock.site_id)
            .join(Lot, Lot.id == Stock.lot_id)
            .where(Stock.doses > 0, Site.type == "clinic")
            .order_by(Stock.unit_id, Stock.lot_id)
        ).all()
    places = [
        (site, LotKey(gtin, number)) for site, gtin, number, left in rows for _ in range(left)
    ]
    count = min(count, len(places) // 2 + 1)  # The next measurement wants some, too.
    step = max(1, len(places) // count)
    return [
        Dose(f"N{number:08}", world.province.plan.until, site, _somebody(number), lot=lot)
        for number, (site, lot) in enumerate(places[::step][:count], start=first)
    ]


def _somebody(number: int) -> Recipient:
    return Recipient(f"N{number:08}", "passport", f"新{number % 997}")


def _processor(database: Database) -> Callable[[], float]:
    """A clock of the processor time of this process and of its server process. Linux only."""
    with database.read() as session:
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    ticks = os.sysconf("SC_CLK_TCK")

    def read() -> float:
        fields = Path(f"/proc/{backend}/stat").read_text("utf-8").rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / ticks

    return read
