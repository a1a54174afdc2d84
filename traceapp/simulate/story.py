"""The story of the demo, the same for the same seed and end: lots, doses, and three times too warm.

A refrigerator loses its power one night, a van warms on the road, and at the very end another
refrigerator loses its power, so that somebody who looks sees an excursion open.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from traceapp.rules.calendar import CHINA
from traceapp.simulate import district as d
from traceapp.simulate.district import Document, Unit
from traceapp.simulate.journey import Journey, Lot, deliver, identifier
from traceapp.simulate.physics import MINUTE, Equipment, Outage, samples
from traceapp.simulate.recorder import Reading, recorded

NIGHT_UNIT, ROAD_UNIT, LIVE_UNIT = "PX-FY-01", d.VAN, "PX-YY-01"
FEWEST_DAYS = 4
LIVE_CROSSING = timedelta(minutes=17)
"""So long before the end the last refrigerator passes 8 °C: the alarm after 15 minutes is in."""
LIVE_CUT_LASTS_ON = timedelta(minutes=25)
DOSES_A_DAY_AT_A_SITE = 14


@dataclass(frozen=True)
class Injection:
    """A dose as the clinic posts it, with what the story knows about it."""

    at: datetime
    unit: str
    lot: Lot
    pack: str
    document: Document


class Story:
    """Everything that happens between `start` and `end`, and the readings that go on after it."""

    def __init__(self, seed: int, end: datetime, days: int = FEWEST_DAYS) -> None:
        if days < FEWEST_DAYS:
            raise ValueError(f"Expected at least {FEWEST_DAYS} days, got {days}")
        self.seed = seed
        self.end = end.replace(second=0, microsecond=0)
        self.start = self.end - timedelta(days=days)
        self.journey: Journey = deliver(seed, self.end)
        self.doses = self._vaccinate()

    @property
    def registry(self) -> list[Document]:
        """The registry, valid from the first moment of the story."""
        return d.registry(self.start)

    @cached_property
    def outages(self) -> dict[str, list[Outage]]:
        """For each unit that fails, when it is without cooling."""
        at = self.journey.moment
        return {
            NIGHT_UNIT: [Outage(at(2, "23:40"), at(1, "03:50"))],
            ROAD_UNIT: [Outage(at(2, "13:20"), at(2, "14:25"))],
            LIVE_UNIT: [self._live_outage()],
        }

    def readings(self, unit: Unit, sensor: str) -> Iterator[Reading]:
        """What a sensor records from the start on, without end."""
        outages = self.outages.get(unit.code, [])
        series = samples(unit.plant, self.start, self._seed(sensor), outages)
        phase = int(sensor[-2:])
        return recorded(series, unit.interval_s, phase, unit.plant.runs_on_mains)

    def sensors(self) -> list[tuple[Unit, str]]:
        """Every sensor with its unit."""
        return [(unit, sensor) for unit in d.UNITS for sensor in unit.sensors]

    def _seed(self, sensor: str) -> str:
        return f"{self.seed}:{sensor}"

    def _live_outage(self) -> Outage:
        """The power cut that lets the probe pass 8 °C at the moment we want."""
        unit = d.unit_named(LIVE_UNIT)
        crossing, until = self.end - LIVE_CROSSING, self.end + LIVE_CUT_LASTS_ON
        before = Equipment(unit.plant, self.start, self._seed(unit.sensors[0]), ())
        while before.at < crossing - timedelta(hours=3):
            before.step()
        for lead in range(15, 180):
            outage = Outage(crossing - lead * MINUTE, until)
            trial = copy.deepcopy(before)
            trial.outages = (outage,)
            while (sample := trial.step()).celsius < 8.05 and sample.at < self.end:
                pass
            if sample.at <= crossing:
                return outage
        raise AssertionError("a refrigerator without power passes 8 °C within three hours")

    def _vaccinate(self) -> list[Injection]:
        source = random.Random(f"{self.seed}:{self.end.isoformat()}:doses")  # noqa: S311 - a story
        given = []
        for days_before in (1, 0):
            opens = self.journey.moment(days_before, "08:30")
            for unit in d.CLINIC_STORES.values():
                minutes = sorted(source.sample(range(8 * 60), DOSES_A_DAY_AT_A_SITE))
                for minute in minutes:
                    at = opens + minute * MINUTE
                    if at <= self.end - 5 * MINUTE:
                        given.append((at, unit))
        turns = dict.fromkeys(d.CLINIC_STORES.values(), 0)
        doses = []
        for at, unit in sorted(given):
            doses.append(self._inject(source, at, unit, turns[unit]))
            turns[unit] += 1
        return doses

    def _inject(self, source: random.Random, at: datetime, unit: str, turn: int) -> Injection:
        """Each clinic gives its lots in turn, so that every lot is given in every clinic."""
        held = [lot for lot in self.journey.lots if self.journey.on_hand(lot).get(unit)]
        lot = held[turn % len(held)]
        pack = self.journey.give(lot, unit)
        document: Document = {
            "id": identifier(source, at),
            "at": at.isoformat(),
            "site": d.unit_named(unit).site,
            "unit": unit,
            "lot": lot.key,
            "pack": pack,
            "recipient": invented_recipient(source, at),
            "dose_number": 1,
            "vaccinator": f"V{source.randrange(1, 9):03d}",
            "route": "intramuscular",
            "body_site": "left upper arm",
        }
        return Injection(at, unit, lot, pack, document)


def invented_recipient(source: random.Random, at: datetime) -> Document:
    """Nobody: a resident number of GB 11643 with a right check digit in a division nobody has."""
    born = at.astimezone(CHINA).date() - timedelta(days=source.randrange(18 * 365, 80 * 365))
    serial = source.randrange(1000)
    number = f"999999{born:%Y%m%d}{serial:03d}"
    name = f"{source.choice('张王李赵陈黄韦农')}某{source.choice('一二三四五六七八九')}"
    return {
        "document": number + check_digit(number),
        "document_type": "resident_id",
        "name": name,
        "born_on": born.isoformat(),
        "sex": "male" if serial % 2 else "female",
    }


def check_digit(number: str) -> str:
    """The 18th place of a resident number: ISO 7064, MOD 11-2."""
    total = 0
    for digit in number:
        total = (total + int(digit)) * 2 % 11
    return "0123456789X"[(12 - total) % 11]
