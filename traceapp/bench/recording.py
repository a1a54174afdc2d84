"""What it takes to check, to record and to judge doses: processor time, ours and the server's."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select, text

from schemas.dose import Dose, Recipient
from schemas.fields import format_moment
from schemas.lot import LotKey
from schemas.movement import MovementSchema
from traceapp.bench.founding import SECRET_KEY
from traceapp.bench.ledger import World
from traceapp.bench.province import GTINS, MAKER
from traceapp.capture.dose import DoseRefused, record_doses
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.db import Database
from traceapp.models.dose import Dose as DoseRow
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.models.stock import Stock
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.dose_finding import findings_of_doses
from traceapp.vault import Vault

#: The doses of the largest day of a province on record.
PEAK_DAY = 919_500
_HOUR = timedelta(hours=1)
_One = TypeVar("_One")
#: How many doses a site tells at once; how often each lot is checked again at a site (on a peak
#: day a site gives five hundred doses of some two lots).
BATCH, _CHECKS = 100, 20


@dataclass(frozen=True, slots=True)
class Taken:
    """What was done with how many doses, and the seconds of a core that it took."""

    what: str
    doses: int
    seconds: float

    @property
    def ms_each(self) -> float:
        """Milliseconds of a core for each dose."""
        return self.seconds / self.doses * 1_000

    @property
    def hours_of_a_peak_day(self) -> float:
        """Hours of one core for the largest day."""
        return self.seconds / self.doses * PEAK_DAY / 3_600


def measure_recording(world: World, doses: int) -> list[Taken]:
    """Check doses before the injection, record them alone and in batches, and look for findings.

    Lots are checked at sites that hold them, for the first time and then again, in turn. Some
    doses come from stock on hand at places picked evenly: a batch of them is of many lots and
    sites. Others a site received before, to give them on one day, as in a campaign. Findings are
    looked for as `POST /doses/batch` does when it has recorded what a site gave; here it is what
    sites gave last.
    """
    on_hand = _doses(world, 2 * doses)
    alone, more = [[one] for one in on_hand[::2]], on_hand[1::2]
    mixed = [more[start : start + BATCH] for start in range(0, len(more), BATCH)]
    of_site = _delivered(world, doses, 2 * doses)
    places = {(one.site, one.lot): [one] for [one] in alone}
    every = list(places.values())[:: max(1, len(places) * _CHECKS // doses)]
    return [
        _measure(world, "checked first at a site", every, _check(world)),
        _measure(world, "checked again at a site", every * _CHECKS, _check(world)),
        _measure(world, "recorded one by one", alone, _record(world)),
        _measure(world, f"recorded by {BATCH} of many sites", mixed, _record(world)),
        _measure(world, f"recorded by {BATCH} of a site", of_site, _record(world)),
        _measure(world, f"judged by {BATCH} of a site", _given(world, doses), _judge(world)),
    ]


def _measure(
    world: World, what: str, parts: Sequence[Sequence[_One]], do: Callable[[Sequence[_One]], None]
) -> Taken:
    processor = _processor(world.database)
    began = processor()
    for part in parts:
        do(part)
    return Taken(what, sum(len(part) for part in parts), processor() - began)


def _check(world: World) -> Callable[[Sequence[Dose]], None]:
    def check(part: Sequence[Dose]) -> None:
        with world.database.read() as session:
            for dose in part:
                said = dose.lot or LotKey("", "")
                intended = Intended(dose.site, None, said.gtin, said.number)
                check_dose(session, intended, world.province.plan.until)

    return check


def _record(world: World) -> Callable[[Sequence[Dose]], None]:
    vault = Vault(SECRET_KEY)

    def record(part: Sequence[Dose]) -> None:
        with world.database.begin() as session:
            outcomes = record_doses(session, part, vault, world.province.plan.until)
        assert not any(isinstance(one, DoseRefused) or not one.is_new for one in outcomes)

    return record


def _judge(world: World) -> Callable[[Sequence[int]], None]:
    def judge(part: Sequence[int]) -> None:
        with world.database.read() as session:
            assert len(findings_of_doses(session, part)) == len(part)

    return judge


def _given(world: World, doses: int) -> Sequence[Sequence[int]]:
    """The last doses of sites picked evenly, of each no more than a batch."""
    chance = random.Random(2)  # noqa: S311 - whose doses are judged is no secret
    with world.database.read() as session:
        clinics = list(session.scalars(select(Site.id).where(Site.type == "clinic")))
        chance.shuffle(clinics)
        found: list[Sequence[int]] = []
        for site_id in clinics:
            newest = select(DoseRow.id).where(DoseRow.site_id == site_id)
            given = session.scalars(newest.order_by(DoseRow.at.desc()).limit(BATCH)).all()
            found += [given] if given else []
            if len(found) * BATCH >= doses:
                break
    return found


def _delivered(world: World, doses: int, first: int) -> Sequence[Sequence[Dose]]:
    """Doses of clinics picked evenly, to which the maker sends a batch each of a new lot."""
    at, every = world.province.plan.until, world.province.places
    clinics = [one for one in every if one.type == "clinic"]
    wanted = -(-doses // BATCH)
    clinics = clinics[:: max(1, len(clinics) // wanted)][:wanted]
    lot = {"gtin": GTINS[0], "number": "DELIVERED"}
    store, carrier = world.province.maker.unit("C"), world.province.maker.unit("V")
    told = [{"id": "BENCH-C", "step": "commissioning", "doses": BATCH * wanted, "to": store}]
    for place in clinics:
        sent = {"id": f"BENCH-S-{place.code}", "step": "shipping", "carrier": carrier}
        told.append({**sent, "doses": BATCH, "from": store, "to": place.code})
        came = {"id": f"BENCH-R-{place.code}", "step": "receiving", "doses": BATCH}
        told.append({**came, "from": MAKER, "to": place.unit("F")})
    movements = [
        MovementSchema().load({**one, "lot": lot, "at": format_moment(at - (3 - place) * _HOUR)})
        for one in told
        for place in [("commissioning", "shipping", "receiving").index(str(one["step"]))]
    ]
    with world.database.begin() as session:
        [receipt] = record_movements(session, [MovementMessage(None, movements)], at)
    assert not receipt.refusals
    key = LotKey(**lot)
    return [
        [
            Dose(f"N{one:08}", at, place.code, _somebody(one), lot=key)
            for one in range(first + number * BATCH, first + (number + 1) * BATCH)
        ]
        for number, place in enumerate(clinics)
    ]


def _doses(world: World, count: int) -> Sequence[Dose]:
    """Doses that clinics could give on the day after the campaign, to people who are new.

    No more than are there, from places picked evenly.
    """
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
    count = min(count, len(places))
    step = max(1, len(places) // count)
    return [
        Dose(f"N{number:08}", world.province.plan.until, site, _somebody(number), lot=lot)
        for number, (site, lot) in enumerate(places[::step][:count])
    ]


def _somebody(number: int) -> Recipient:
    return Recipient(f"N{number:08}", "passport", f"新{number % 997}")


def _processor(database: Database) -> Callable[[], float]:
    """A clock of the processor time of this process and of its server process. Linux only."""
    if database.is_sqlite:
        return time.process_time
    with database.read() as session:
        backend = session.scalar(text("SELECT pg_backend_pid()"))
    ticks = os.sysconf("SC_CLK_TCK")

    def read() -> float:
        fields = Path(f"/proc/{backend}/stat").read_text("utf-8").rpartition(")")[2].split()
        return time.process_time() + (int(fields[11]) + int(fields[12])) / ticks

    return read
