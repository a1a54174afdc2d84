"""The story of one lot: where it was carried, who got it, and what became of the rest."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from schemas.dose import Dose, Recipient
from schemas.lot import LotKey
from schemas.movement import Movement
from traceapp.bench.province import Place, Plan, Province

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
#: More than a lot has of doses, packs or movements, and a share of people: room for their numbers.
MOST_OF_LOT = 1 << 20


@dataclass(frozen=True, slots=True)
class Share:
    """What a clinic gets of a lot: when it came and how many of it were given; `number` is its own
    among all shares, so that people can be told apart."""

    clinic: Place
    county: Place
    number: int
    given: int
    spare: int
    arrives: datetime
    days: int


@dataclass(slots=True)
class LotStory:
    """Everything that is reported of one lot, and who its people are: numbers of persons."""

    lot: LotKey
    number: int
    movements: list[Movement] = field(default_factory=list)
    doses: list[tuple[Dose, int]] = field(default_factory=list)


class Teller:
    """Writes down what happened to one lot."""

    def __init__(
        self,
        story: LotStory,
        plan: Plan,
        chance: random.Random,
        is_packed: bool,
        is_named: bool,
    ) -> None:
        self._story, self._plan, self._chance = story, plan, chance
        self._is_packed, self._is_named = is_packed, is_named
        self._packs: dict[int, range] = {}

    def send_out(self, province: Province, shares: list[Share]) -> None:
        """From the maker to every clinic; what a place sends on has come there before."""
        first = min(share.arrives for share in shares)
        total = sum(share.given + share.spare for share in shares)
        before = 0
        for share in shares:
            amount = share.given + share.spare
            self._packs[share.number] = range(before, before + amount)
            before += amount
        maker, head = province.maker, province.head
        made = first - (25 + self._chance.randrange(280)) * _DAY
        extra = 40
        expires = date.fromordinal(made.toordinal() + 730)
        self._move("commissioning", made, total + extra, target=maker.unit("C", self._story.number),
                   made_on=made.date(), expires_on=expires,
                   release=f"R-{self._story.lot.number}")  # fmt: skip
        left = first - 22 * _DAY + self._chance.randrange(12) * _HOUR
        came = left + 30 * _HOUR
        self._carry(maker, head, total + extra, left, came, range(before))
        for city, inside in _grouped(shares, _city_of):
            place = next(one for one in province.cities if one.code == city)
            left = came + (10 + self._chance.randrange(3)) * _DAY
            at_city = left + (3 + self._chance.randrange(6)) * _HOUR
            self._carry(head, place, _sum(inside), left, at_city, self._range(inside))
            for _, group in _grouped(inside, lambda share: share.county.code):
                self._to_county(place, group, at_city)

    def _to_county(self, city: Place, shares: list[Share], at_city: datetime) -> None:
        county = shares[0].county
        left = max(at_city, min(share.arrives for share in shares) - 4 * _DAY) + 2 * _HOUR
        came = left + (1 + self._chance.randrange(4)) * _HOUR
        self._carry(city, county, _sum(shares), left, came, self._range(shares))
        for share in shares:
            left = share.arrives - (40 + self._chance.randrange(120)) * _MINUTE
            self._carry(county, share.clinic, share.given + share.spare, left, share.arrives,
                        self._packs[share.number])  # fmt: skip

    def give(self, share: Share) -> None:
        """The doses of a clinic over its days, and what became of the rest."""
        chance, clinic = self._chance, share.clinic
        unit: str | None = clinic.unit("F", self._story.number)
        if chance.random() < self._plan.moved and share.given > 4:
            # Half of it goes into the other refrigerator, and nobody says which a dose is from.
            moved, other = (share.given + share.spare) // 2, self._story.number + 1
            self._move("storing", share.arrives + 3 * _HOUR, moved, source=unit,
                       target=clinic.unit("F", other))  # fmt: skip
            unit = None
        says_unit = unit is not None and chance.random() < 0.5
        midnight = share.arrives.replace(hour=0, minute=0) + _DAY
        for day in range(share.days):
            today = share.given * (day + 1) // share.days - share.given * day // share.days
            done = share.given * day // share.days
            pace = 8 * _HOUR / max(today, 1)
            for place in range(today):
                at = midnight + day * _DAY + 30 * _MINUTE + place * pace
                at = at.replace(microsecond=0)
                self._inject(share, done + place, at, unit if says_unit else None)
        if unit is not None and share.spare >= 10 and chance.random() < 0.8:
            gone = midnight + share.days * _DAY
            self._move("wasting", gone, 3, source=unit, reason="broken")
            self._move("counting", gone + _HOUR, share.spare - 3, source=unit)

    def _inject(self, share: Share, place: int, at: datetime, unit: str | None) -> None:
        story, number = self._story, share.number * MOST_OF_LOT + place
        pack = self._pack(self._packs[share.number][place]) if self._is_packed else None
        dose = Dose(
            id=f"D{story.number:05}-{len(story.doses):06}",
            at=at,
            site=share.clinic.code,
            recipient=person(number),
            unit=unit,
            lot=story.lot,
            pack=pack,
            dose_number=1 if story.number % 2 or story.number == 0 else 2,
            vaccinator=f"V{share.clinic.id % 97:02}",
        )
        story.doses.append((dose, number))

    def _carry(self, source: Place, target: Place, doses: int, left: datetime, came: datetime,
               packs: range) -> None:  # fmt: skip
        """A shipment in a vehicle of its sender, and its receipt."""
        number = self._chance.randrange(16)
        carrier = None if self._chance.random() < 0.01 else source.unit("V", number)
        document, names = f"SO-{self._next()}", self._names(packs)
        room = "F" if target.type == "clinic" else "C"
        storage = target.unit(room, self._story.number)
        from_unit = source.unit("C", self._story.number)
        self._move("shipping", left, doses, source=from_unit, target=target.code,
                   carrier=carrier, document=document, packs=names)  # fmt: skip
        is_short = (
            target.type == "clinic" and self._chance.random() < self._plan.short and doses > 2
        )
        self._move("receiving", came, doses - is_short, source=source.code, target=storage,
                   document=document, packs=names)  # fmt: skip

    def _move(self, step: str, at: datetime, doses: int, **more: Any) -> None:
        name = f"M{self._story.number:05}-{self._next()}"
        at = at.replace(microsecond=0)
        self._story.movements.append(Movement(name, at, step, self._story.lot, doses, **more))

    def _next(self) -> str:
        return f"{len(self._story.movements):04}"

    def _range(self, shares: list[Share]) -> range:
        parts = [self._packs[share.number] for share in shares]
        return range(parts[0].start, parts[-1].stop)

    def _names(self, packs: range) -> tuple[str, ...]:
        return tuple(self._pack(one) for one in packs) if self._is_named else ()

    def _pack(self, place: int) -> str:
        return f"8{self._story.number:07}{place:012}"


def person(number: int) -> Recipient:
    """Somebody, always the same for a number."""
    day = date(1940 + number % 65, 1 + number % 12, 1 + number % 28)
    sex = "male" if number % 2 else "female"
    return Recipient(f"P{number:017}", "passport", f"人{number % 9973}", day, sex)


def _grouped(shares: list[Share], key: Callable[[Share], str]) -> list[tuple[str, list[Share]]]:
    groups: dict[str, list[Share]] = {}
    for share in shares:
        groups.setdefault(key(share), []).append(share)
    return list(groups.items())


def _city_of(share: Share) -> str:
    return f"{share.county.division[:4]}00-CDC"


def _sum(shares: list[Share]) -> int:
    return sum(share.given + share.spare for share in shares)
