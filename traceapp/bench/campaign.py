"""What was done with each lot of a province in its campaign: movements and doses, always the same.

A lot goes from its maker to the province, on to cities, counties and clinics, and is given there
over some days. Lots come in pairs: the second is given to the people of the first, three weeks
later. The first lot of all is the large one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.lot import LotKey
from traceapp.bench.province import GTINS, Place, Plan, Province
from traceapp.bench.story import LotStory, Share, Teller

#: Days of a campaign, and when in it the large lot is first given.
DAYS, _LARGE_DAY = 60, 34
_LATER = timedelta(days=21)
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
#: The share of lots whose doses name their packs.
_PACKED = 0.3


def campaign_begin(plan: Plan) -> datetime:
    """The first day of the campaign."""
    return plan.until - DAYS * _DAY


def large_lot(plan: Plan) -> LotKey:
    """The lot that went to many cities."""
    return _key(0)


def _key(number: int) -> LotKey:
    return LotKey(GTINS[(number + 1) // 2 % len(GTINS)], f"2021{number:06}")


class Campaign:
    """Tells the story of each lot of a plan; the same plan tells the same."""

    def __init__(self, province: Province) -> None:
        self.province, self.plan = province, province.plan

    def stories(self, numbers: range | None = None) -> Iterator[LotStory]:
        """The lots with these numbers, or all of them, one at a time."""
        given = self._given()
        for number in range(len(given)) if numbers is None else numbers:
            yield self._story(number, given[number])

    def hot_room(self) -> tuple[Place, datetime]:
        """A county's cold room through which the large lot goes, and when it was warm there."""
        chance = random.Random(self._seed(0))  # noqa: S311 - a story, not a secret
        city = self._cities(chance, 0)[0]
        county = self.province.counties[city.code][0]
        return county, campaign_begin(self.plan) + (_LARGE_DAY - 1) * _DAY + 4 * _HOUR

    def _given(self) -> list[int]:
        large = self.plan.doses_of_large_lot
        each, more = divmod(self.plan.doses - large, self.plan.lots - 1)
        return [large, *(each + (number < more) for number in range(self.plan.lots - 1))]

    def _seed(self, pair: int) -> str:
        return f"{self.plan.seed}/{pair}"

    def _story(self, number: int, given: int) -> LotStory:
        story, pair = LotStory(_key(number), number), (number + 1) // 2
        chance = random.Random(self._seed(pair))  # noqa: S311 - a story, not a secret
        shares = self._shares(chance, number, given)
        own = random.Random(f"{self._seed(pair)}/{number}")  # noqa: S311 - the same
        is_packed = number == 0 or own.random() < _PACKED
        is_named = number > 0 and own.random() < self.plan.named
        teller = Teller(story, self.plan, own, is_packed or is_named, is_named)
        teller.send_out(self.province, shares)
        for share in shares:
            teller.give(share)
        return story

    def _cities(self, chance: random.Random, number: int) -> list[Place]:
        count = self.plan.large_cities if number == 0 else chance.choice((1, 2, 3))
        return chance.sample(self.province.cities, min(count, len(self.province.cities)))

    def _shares(self, chance: random.Random, number: int, given: int) -> list[Share]:
        """The clinics of a lot with what each gets; both lots of a pair go to the same."""
        cities, wanted = self._cities(chance, number), self.plan.doses_a_lot // 65
        counties = [one for city in cities for one in self._counties(chance, city, number)]
        each = 6 if number == 0 else max(1, round(wanted / len(counties)))
        clinics = [
            (county, clinic)
            for county in counties
            for clinic in self.province.clinics[county.code][:each]
        ]
        amounts = _divide(chance, given, len(clinics))
        day = campaign_begin(self.plan) + chance.randrange(32) * _DAY
        if number == 0:
            day = campaign_begin(self.plan) + _LARGE_DAY * _DAY
        elif number % 2 == 0:
            day += _LATER
        first = (number + 1) // 2 * 4_096
        return [
            Share(
                clinic,
                county,
                first + place,
                amount,
                chance.choice((0, 0, 2, 10)),
                day + chance.randrange(3) * _DAY + chance.randrange(1, 9) * _HOUR,
                chance.randint(1, 4) if number else 8,
            )
            for place, ((county, clinic), amount) in enumerate(zip(clinics, amounts, strict=True))
        ]

    def _counties(self, chance: random.Random, city: Place, number: int) -> list[Place]:
        counties = self.province.counties[city.code]
        if number == 0:
            return counties[:5]
        return chance.sample(counties, min(len(counties), chance.choice((2, 2, 3))))


def _divide(chance: random.Random, total: int, parts: int) -> list[int]:
    """A total in so many uneven parts."""
    weights = [chance.uniform(0.7, 1.3) for _ in range(parts)]
    amounts = [int(total * weight / sum(weights)) for weight in weights]
    for place in range(total - sum(amounts)):
        amounts[place % parts] += 1
    return amounts
