"""A fleet of refrigerators for load: readings only, as many as asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from traceapp.simulate import district as d
from traceapp.simulate.district import Document, Site, Unit
from traceapp.simulate.physics import samples
from traceapp.simulate.recorder import Reading, recorded

UNITS_AT_A_SITE = 10
MOST_UNITS = 50_000


class Fleet:
    """So many healthy refrigerators in invented clinics of one county."""

    def __init__(self, seed: int, end: datetime, days: int, count: int) -> None:
        if not 1 <= count <= MOST_UNITS:
            raise ValueError(f"Expected 1 to {MOST_UNITS} refrigerators, got {count}")
        self.seed = seed
        self.end = end.replace(second=0, microsecond=0)
        self.start = self.end - timedelta(days=days)
        self.units = [self._unit(number) for number in range(count)]

    @staticmethod
    def _unit(number: int) -> Unit:
        site = f"451481{5000 + number // UNITS_AT_A_SITE:04d}"
        name = f"{number % UNITS_AT_A_SITE + 1}号冰箱"
        sensor = f"FL-{number:06d}"
        return Unit(f"FL-U-{number:06d}", site, name, sensor, "refrigerator", (sensor,))

    @property
    def registry(self) -> list[Document]:
        """Divisions, sites, units and sensors of the fleet."""
        codes = sorted({unit.site for unit in self.units})
        sites = [
            Site(code, f"{code[-4:]}接种点", f"Clinic {code[-4:]}", "clinic", "451481", 22.1, 106.8)
            for code in codes
        ]
        documents = d.place_documents(sites)
        for unit in self.units:
            documents += d.unit_documents(unit, self.start)
        return documents

    def sensors(self) -> list[tuple[Unit, str]]:
        """Every sensor with its unit."""
        return [(unit, unit.sensors[0]) for unit in self.units]

    def readings(self, unit: Unit, sensor: str) -> Iterator[Reading]:
        """What a sensor records from the start on, without end."""
        series = samples(unit.plant, self.start, f"{self.seed}:{sensor}")
        return recorded(series, unit.interval_s, int(sensor[-2:]), unit.plant.runs_on_mains)
