"""A province for a benchmark: its sites, their units and sensors, and what is given there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

#: Of a vaccination unit: two refrigerators, then cold boxes until the province has its units.
_CLINIC_UNITS = ("F1", "F2")
_KINDS = {
    "C": ("cold_room", 600),
    "F": ("refrigerator", 600),
    "V": ("vehicle", 300),
    "B": ("cold_box", 300),
}
GTINS = ("06901234567892", "06902345678904", "06903456789016")
#: What each product's monitor is, and the minutes that it may spend above 8 °C.
_PRODUCTS = (("VVM7", 1_440), ("VVM14", None), ("VVM30", 2_880))
MAKER = "MAKER-01"


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a province is, and how much was given there in a campaign that is over.

    By default as in docs/performance.md: 1,800 sites, 10,000 units, a lot for each 2,000 doses.
    """

    doses: int
    cities: int = 14
    counties: int = 111
    clinics: int = 1_673
    units: int = 10_000
    doses_a_lot: int = 2_000
    large: int = 252_600
    large_cities: int = 8
    until: datetime = datetime(2021, 6, 1, tzinfo=UTC)
    seed: int = 1
    #: Of the clinics' receipts, how many come short; of the lots, whose movements name packs.
    short: float = 0.005
    named: float = 0.02
    #: Of the clinics, how many put half of a lot into their other refrigerator.
    moved: float = 0.05

    @property
    def lots(self) -> int:
        """How many lots there are; the first of them is the large one."""
        return max(2, self.doses // self.doses_a_lot)

    @property
    def doses_of_large_lot(self) -> int:
        """How much was given of the large lot: never more than half of all."""
        return min(self.large, self.doses // 2)


@dataclass(frozen=True, slots=True)
class Place:
    """A site with the codes of its units; row ids are as they are written."""

    id: int
    code: str
    type: str
    division: str
    units: tuple[str, ...]

    def unit(self, kind: str, number: int = 0) -> str:
        """One of its units of a kind (`C`, `F`, `V` or `B`), counted round."""
        of_kind = [code for code in self.units if code.rpartition("-")[2].startswith(kind)]
        return of_kind[number % len(of_kind)]


class Province:
    """The places of a plan: a maker, the province, its cities, their counties, their clinics."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._spare = plan.units - 4 - 14 - 6 * plan.cities - 5 * plan.counties - 2 * plan.clinics
        self.maker = self._place(MAKER, "manufacturer", "110000", "CCVV")
        self.head = self._place("450000-CDC", "cdc", "450000", "CCCC" + "V" * 10)
        self.cities: list[Place] = []
        self.counties: dict[str, list[Place]] = {}
        self.clinics: dict[str, list[Place]] = {}
        for number in range(plan.cities):
            code = f"45{number + 1:02}00"
            self.cities.append(self._place(f"{code}-CDC", "cdc", code, "CCVVVV"))
            self.counties[self.cities[-1].code] = []
        for number in range(plan.counties):
            city = self.cities[number % plan.cities]
            code = f"{city.division[:4]}{number // plan.cities + 1:02}"
            county = self._place(f"{code}-CDC", "cdc", code, "CFVVV")
            self.counties[city.code].append(county)
            self.clinics[county.code] = []
        counties = [one for city in self.cities for one in self.counties[city.code]]
        for number in range(plan.clinics):
            county = counties[number % plan.counties]
            clinics = self.clinics[county.code]
            boxes = self._boxes(number)
            code = f"{county.division}{len(clinics) + 1:04}"
            clinics.append(self._place(code, "clinic", county.division, "FF" + "B" * boxes))

    @cached_property
    def places(self) -> list[Place]:
        """All sites in the order of their row ids."""
        counties = [one for city in self.cities for one in self.counties[city.code]]
        clinics = [one for county in counties for one in self.clinics[county.code]]
        every = [self.maker, self.head, *self.cities, *counties, *clinics]
        return sorted(every, key=lambda place: place.id)

    @cached_property
    def site_ids(self) -> dict[str, int]:
        """The row id of each site by its code."""
        return {place.code: place.id for place in self.places}

    @cached_property
    def unit_ids(self) -> dict[str, int]:
        """The row id of each unit by its code; its sensor's is the same."""
        codes = [code for place in self.places for code in place.units]
        return {code: number for number, code in enumerate(codes, start=1)}

    @cached_property
    def site_of_unit(self) -> dict[str, int]:
        """The row id of the site of each unit, by the unit's code."""
        return {code: place.id for place in self.places for code in place.units}

    def documents(self) -> Iterator[dict[str, object]]:
        """What the registry would be told of sites, units, sensors and products, in that order."""
        for place in self.places:
            yield {"kind": "site", "code": place.code, "name": place.code, "type": place.type,
                   "division": place.division}  # fmt: skip
        for place in self.places:
            for code in place.units:
                kind, _ = _KINDS[code.rpartition("-")[2][0]]
                yield {"kind": "unit", "code": code, "site": place.code, "name": code, "type": kind}
        for place in self.places:
            for code in place.units:
                _, interval = _KINDS[code.rpartition("-")[2][0]]
                yield {"kind": "sensor", "code": f"S-{code}", "unit": code, "interval_s": interval}
        for gtin, (vvm, minutes) in zip(GTINS, _PRODUCTS, strict=True):
            budget = {} if minutes is None else {"budget": {"above_8_minutes": minutes}}
            yield {"kind": "product", "gtin": gtin, "name": f"Vaccine {gtin[-3:]}", "vvm": vvm,
                   "manufacturer": MAKER, **budget}  # fmt: skip

    def _boxes(self, clinic: int) -> int:
        """The cold boxes of a clinic: what is left of the units, dealt out evenly."""
        each, more = divmod(max(self._spare, 0), self.plan.clinics)
        return each + (clinic < more)

    def _place(self, code: str, kind: str, division: str, units: str) -> Place:
        self._made = getattr(self, "_made", 0) + 1
        counted: dict[str, int] = {}
        codes = []
        for letter in units:
            counted[letter] = counted.get(letter, 0) + 1
            codes.append(f"{code}-{letter}{counted[letter]}")
        return Place(self._made, code, kind, division, tuple(codes))
