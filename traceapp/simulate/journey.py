"""How three lots go down from the manufacturer to the clinics: the movements that sites report."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from traceapp.rules.calendar import CHINA
from traceapp.simulate import district as d
from traceapp.simulate.district import Document


@dataclass(frozen=True)
class Lot:
    """A lot as the manufacturer made it."""

    product: d.Product
    number: str
    doses: int
    made_on: date
    expires_on: date
    release: str

    @property
    def key(self) -> Document:
        """How contract §4 names it."""
        return {"gtin": self.product.gtin, "number": self.number}


@dataclass(frozen=True)
class Report:
    """A movement as one site reports it."""

    site: str
    at: datetime
    document: Document


@dataclass(frozen=True)
class Parcel:
    """So many doses of a lot, out of the unit in which they stand."""

    lot: Lot
    unit: str
    doses: int


@dataclass
class Journey:
    """What was reported, and which packs stand where by it."""

    random: random.Random
    last_day: date
    lots: list[Lot] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    packs: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    stays: dict[str, list[tuple[str, datetime]]] = field(default_factory=lambda: defaultdict(list))
    """For each pack the units it came into and when: what a perfect record would know."""

    def moment(self, days_before: int, clock: str) -> datetime:
        """China time `clock` on the day so many days before the last one."""
        day = self.last_day - timedelta(days=days_before)
        return datetime.combine(day, time.fromisoformat(clock), tzinfo=CHINA)

    def commission(self, lot: Lot, at: datetime) -> None:
        """Make the lot, pack by pack."""
        first = self.random.randrange(10**11, 10**12)
        count = lot.doses // lot.product.doses_per_pack
        packs = [f"8{lot.product.gtin[6:13]}{first + n:012d}" for n in range(count)]
        self.lots.append(lot)
        self._come_in(lot, d.MAKER_STORE, packs, at)
        extra: Document = {
            "to": d.MAKER_STORE,
            "made_on": lot.made_on.isoformat(),
            "expires_on": lot.expires_on.isoformat(),
            "release": lot.release,
        }
        self._report(d.MAKER.code, "commissioning", at, lot, packs, extra)

    def carry(
        self,
        parcels: list[Parcel],
        site: str,
        carrier: str,
        to: str,
        left: datetime,
        came: datetime,
    ) -> None:
        """Ship parcels to a site in a vehicle and receive them into one of its units."""
        number = f"SO-{self.random.randrange(10_000, 100_000)}"
        for parcel in parcels:
            source = d.unit_named(parcel.unit).site
            packs = self._take(parcel)
            way: Document = {"carrier": carrier, "document": number}
            shipped = {"from": parcel.unit, "to": site, **way}
            self._report(source, "shipping", left, parcel.lot, packs, shipped)
            for pack in packs:
                self.stays[pack].append((carrier, left))
            self._come_in(parcel.lot, to, packs, came)
            received = {"from": source, "to": to, **way}
            self._report(site, "receiving", came, parcel.lot, packs, received)

    def store(self, parcel: Parcel, to: str, at: datetime) -> None:
        """Move a parcel between two units of one site."""
        packs = self._take(parcel)
        self._come_in(parcel.lot, to, packs, at)
        site = d.unit_named(to).site
        self._report(site, "storing", at, parcel.lot, packs, {"from": parcel.unit, "to": to})

    def lose(self, step: str, parcel: Parcel, at: datetime, reason: str) -> None:
        """Waste or sample a parcel, for a reason."""
        packs = self._take(parcel)
        site = d.unit_named(parcel.unit).site
        extra: Document = {"from": parcel.unit, "reason": reason}
        self._report(site, step, at, parcel.lot, packs, extra)

    def count(self, lot: Lot, unit: str, at: datetime) -> None:
        """Count a lot in a unit, and find what should be there."""
        site = d.unit_named(unit).site
        doses = len(self.packs[lot.number, unit]) * lot.product.doses_per_pack
        self._report(site, "counting", at, lot, [], {"from": unit}, doses)

    def give(self, lot: Lot, unit: str) -> str:
        """Take one pack out of a unit for an injection."""
        return self.packs[lot.number, unit].pop(0)

    def on_hand(self, lot: Lot) -> dict[str, int]:
        """Doses of a lot in each unit that holds any."""
        each = lot.product.doses_per_pack
        held = {
            unit: len(packs) for (number, unit), packs in self.packs.items() if number == lot.number
        }
        return {unit: count * each for unit, count in held.items() if count}

    def _take(self, parcel: Parcel) -> list[str]:
        shelf = self.packs[parcel.lot.number, parcel.unit]
        count = parcel.doses // parcel.lot.product.doses_per_pack
        assert len(shelf) >= count, f"{parcel} is more than the {len(shelf)} packs there"
        taken, shelf[:] = shelf[:count], shelf[count:]
        return taken

    def _come_in(self, lot: Lot, unit: str, packs: list[str], at: datetime) -> None:
        self.packs[lot.number, unit] += packs
        for pack in packs:
            self.stays[pack].append((unit, at))

    def _report(
        self,
        site: str,
        step: str,
        at: datetime,
        lot: Lot,
        packs: list[str],
        extra: Document,
        doses: int | None = None,
    ) -> None:
        document: Document = {
            "id": identifier(self.random, at),
            "at": at.isoformat(),
            "step": step,
            "lot": lot.key,
            "doses": len(packs) * lot.product.doses_per_pack if doses is None else doses,
            "operator": "仓管员",
            **extra,
        }
        if packs:
            document["packs"] = packs
        self.reports.append(Report(site, at, document))


def identifier(source: random.Random, at: datetime) -> str:
    """A UUID of version 7 whose random part comes from the seed."""
    milliseconds = int(at.timestamp() * 1000)
    tail = (
        f"7{source.getrandbits(12):03x}-{8 + source.getrandbits(2):x}{source.getrandbits(12):03x}"
    )
    head = f"{milliseconds:012x}"
    return f"{head[:8]}-{head[8:]}-{tail}-{source.getrandbits(48):012x}"


def deliver(seed: int, end: datetime) -> Journey:
    """Everything that moved in the days before `end`: three lots, down to four clinics."""
    last_day = end.astimezone(CHINA).date()
    journey = Journey(random.Random(f"{seed}:{end.isoformat()}"), last_day)  # noqa: S311 - a story
    first, second, third = _make_lots(journey)
    _fill_the_cold_room(journey, first, second, third)
    _supply_the_county(journey, first, second, third)
    _supply_the_clinics(journey, first, second, third)
    journey.count(first, d.COUNTY_STORE, journey.moment(1, "08:10"))
    broken = Parcel(first, "PX-PX-01", 1)
    journey.lose("wasting", broken, journey.moment(1, "08:20"), "包装破损")
    return journey


def _make_lots(journey: Journey) -> tuple[Lot, Lot, Lot]:
    made_on = journey.last_day - timedelta(days=40)
    products = (
        (d.COVID, "202105C0147", 300),  # The lot that the examples in docs/ name.
        (d.COVID, "202105C0148", 200),
        (d.HEPATITIS_B, "202105H0031", 160),
    )
    lots = []
    for product, number, doses in products:
        serial = journey.random.randrange(1000, 10_000)
        expires_on = made_on + timedelta(days=730)
        lots.append(Lot(product, number, doses, made_on, expires_on, f"PQ{made_on:%Y}{serial}"))
        journey.commission(lots[-1], journey.moment(3, "08:00"))
    return lots[0], lots[1], lots[2]


def _fill_the_cold_room(journey: Journey, first: Lot, second: Lot, third: Lot) -> None:
    everything = [Parcel(lot, d.MAKER_STORE, lot.doses) for lot in (first, second, third)]
    left, came = journey.moment(3, "09:00"), journey.moment(3, "15:30")
    journey.carry(everything, d.PROVINCE.code, d.TRUCK, d.PROVINCE_STORE, left, came)
    sample = Parcel(first, d.PROVINCE_STORE, 4)
    journey.lose("sampling", sample, journey.moment(3, "16:20"), "抽样检验")


def _supply_the_county(journey: Journey, first: Lot, second: Lot, third: Lot) -> None:
    at = journey.moment
    parcels = [
        Parcel(lot, d.PROVINCE_STORE, doses)
        for lot, doses in ((first, 240), (second, 160), (third, 120))
    ]
    journey.carry(parcels, d.CITY.code, d.TRUCK, d.CITY_STORE, at(2, "07:00"), at(2, "10:00"))
    journey.store(Parcel(third, d.CITY_STORE, 120), d.CITY_SPARE, at(2, "10:20"))
    county = d.COUNTY.code, d.TRUCK, d.COUNTY_STORE
    journey.carry([Parcel(first, d.CITY_STORE, 200)], *county, at(2, "10:40"), at(2, "12:20"))
    warm = [Parcel(second, d.CITY_STORE, 120), Parcel(third, d.CITY_SPARE, 100)]
    journey.carry(warm, d.COUNTY.code, d.VAN, d.COUNTY_STORE, at(2, "13:00"), at(2, "15:00"))


def _supply_the_clinics(journey: Journey, first: Lot, second: Lot, third: Lot) -> None:
    arrivals = ("16:40", "17:00", "17:20", "17:50")
    for (site, unit), clock in zip(d.CLINIC_STORES.items(), arrivals, strict=True):
        parcels = [
            Parcel(lot, d.COUNTY_STORE, doses)
            for lot, doses in ((first, 40), (second, 24), (third, 20))
        ]
        left, came = journey.moment(2, "16:10"), journey.moment(2, clock)
        journey.carry(parcels, site, d.VAN, unit, left, came)
