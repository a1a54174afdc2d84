"""What an excursion touched: a walk along a lot's postings with the most that can be exposed.

Where exposed and unexposed stock of one lot lie together nobody can tell them apart. For each
place we keep the total T and, for each part, the most that can be left of it: U grows by what
arrives unexposed, E by what arrives exposed, both capped by T. A dose is certain when U = 0
before it, possible when both can be there, untouched when E = 0.

A dose that names no unit may be of any unit of its site where the lot lies then: it is certain
where it is so in each of them. One that the ledger cannot explain is possible at most: of what
lay until that very moment in the unit that it names, or in one of its site.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from traceapp.rules.ledger import Account, Posting, unit_account


@dataclass(slots=True)
class Stock:
    """One lot at one place: total, and at most how much of it is unexposed and exposed."""

    total: int = 0
    unexposed: int = 0
    exposed: int = 0
    #: When it became empty, and the most of either part that was there until then.
    emptied_at: datetime | None = field(default=None, compare=False)
    until_then: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def certainty(self) -> str | None:
        """Whether a dose from here is exposed: certain, possible, or None for not at all."""
        if self.exposed <= 0:
            return None
        return "certain" if self.unexposed <= 0 else "possible"

    def expose(self) -> None:
        self.unexposed, self.exposed = 0, self.total

    def take(self, doses: int, at: datetime) -> None:
        """Take doses out of it."""
        parts = self.unexposed, self.exposed
        self.total -= doses
        self.cap()
        if self.total == 0:
            self.emptied_at, self.until_then = at, parts

    def parts_at(self, at: datetime) -> tuple[int, int] | None:
        """The most of either part that is there, or was until this moment; None where none was."""
        if self.total > 0:
            return self.unexposed, self.exposed
        return self.until_then if self.emptied_at == at else None

    def cap(self) -> None:
        self.unexposed = min(self.unexposed, self.total)
        self.exposed = min(self.exposed, self.total)


class TouchedDose(NamedTuple):
    """A dose that was, or may have been, exposed before it was given."""

    key: int
    certainty: str


@dataclass(slots=True)
class Touched:
    """What became of the stock of a lot that was in the unit during the excursion."""

    present: int = 0
    stocks: dict[Account, Stock] = field(default_factory=dict)
    doses: list[TouchedDose] = field(default_factory=list)

    @property
    def left(self) -> dict[Account, Stock]:
        """Where exposed stock is, or may be, now."""
        return {place: stock for place, stock in self.stocks.items() if stock.certainty}


def reachable(
    postings: Iterable[Posting], is_there: Callable[[Account], bool], started_at: datetime
) -> set[Account]:
    """Every place that exposed stock may have come to; nothing need be known of any other.

    `postings` ascend in time; those of doses lead nowhere and may be left out.
    """
    places: set[Account] = set()
    for posting in postings:
        is_later = posting.at > started_at
        if is_there(posting.debit) or (is_later and posting.credit in places):
            places.add(posting.debit)
    return {place for place in places if place.is_place}


def follow(
    postings: Iterable[Posting],
    is_there: Callable[[Account], bool],
    started_at: datetime,
    ended_at: datetime | None,
    homes: Mapping[int, Collection[Account]] | None = None,
) -> Touched:
    """Follow a lot's exposed stock; `postings` ascend in time.

    `homes` are the units of each site, where doses may have come from that name none.

    `is_there` says whether a place is the unit of the excursion (or a shipment riding in it).
    What arrives at the very moment of the start is exposed; what leaves at it is not: stock lies
    during [from, until), and only doses given after the exposure began count.
    """
    touched = Touched()
    has_begun = False
    for posting in postings:
        if not has_begun and posting.at > started_at:
            has_begun = True
            _begin(touched, is_there)
        if has_begun and posting.fact.is_dose:
            _administer(touched, posting, homes or {})
        _move(touched, posting)
        is_exposing = has_begun and (ended_at is None or posting.at < ended_at)
        if is_exposing and is_there(posting.debit):
            touched.present += posting.doses
            touched.stocks[posting.debit].expose()
    if not has_begun:
        _begin(touched, is_there)
    return touched


def _begin(touched: Touched, is_there: Callable[[Account], bool]) -> None:
    for place, stock in touched.stocks.items():
        if is_there(place) and stock.total > 0:
            touched.present += stock.total
            stock.expose()


def _administer(
    touched: Touched, posting: Posting, homes: Mapping[int, Collection[Account]]
) -> None:
    """Note a dose that was, or may have been, exposed; before it is taken out of its place."""
    fact, is_explained = posting.fact, posting.credit.is_place
    places: Collection[Account] = [posting.credit] if is_explained else []
    if fact.source_unit is None:
        places = {*places, *homes.get(fact.site or 0, ())}
    elif not is_explained:
        places = [unit_account(fact.source_unit)]
    stocks = [touched.stocks[place] for place in places if place in touched.stocks]
    parts = [found for stock in stocks if (found := stock.parts_at(fact.at)) is not None]
    if any(exposed > 0 for _, exposed in parts):
        is_certain = is_explained and not any(unexposed > 0 for unexposed, _ in parts)
        touched.doses.append(TouchedDose(fact.key, "certain" if is_certain else "possible"))


def _move(touched: Touched, posting: Posting) -> None:
    exposed, unexposed = 0, posting.doses
    if posting.credit.is_place:
        stock = touched.stocks.setdefault(posting.credit, Stock())
        exposed = min(stock.exposed, posting.doses)
        unexposed = min(stock.unexposed, posting.doses)
        stock.take(posting.doses, posting.at)
    if posting.debit.is_place:
        stock = touched.stocks.setdefault(posting.debit, Stock())
        stock.total += posting.doses
        stock.exposed += exposed
        stock.unexposed += unexposed
        stock.cap()
