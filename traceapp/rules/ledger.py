"""What a lot's ledger is made of: facts, and the postings, stays and findings that follow.

Every posting debits one account and credits another, so a lot sums to zero by construction.
Two folds make them, neither of which asks the other: `rules.transit` for what is on its way from
one site to another, `rules.shelf` for what lies at one site.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

#: At one moment stock arrives before it leaves; a count comes last.
_RANK = {
    "commissioning": 0,
    "receiving": 1,
    "storing": 2,
    "shipping": 3,
    "returning": 3,
    "dose": 4,
    "sampling": 5,
    "wasting": 5,
    "destroying": 5,
    "counting": 6,
}
LEAVING = ("shipping", "returning")
#: A moment, what comes first in it, and of equals the public id: see `Fact.place_in_time`.
PlaceInTime = tuple[datetime, int, str]


class Account(NamedTuple):
    """Where doses can be: a kind, and the unit or the shipment where the kind has one."""

    kind: str
    unit: int | None = None
    shipment: int | None = None

    @property
    def is_place(self) -> bool:
        """Whether it is somewhere in the world, and not a reason for being gone."""
        return self.kind in ("unit", "in_transit")


UNEXPLAINED = Account("unexplained")


def unit_account(unit: int | None) -> Account:
    """The account of what lies in a unit."""
    return Account("unit", unit)


class Fact(NamedTuple):
    """A movement or a dose as the ledger sees it; `code` is its public id.

    `site` is whose shelf it touches; `other_site` is where a shipment goes, or a receipt came
    from.
    """

    key: int
    code: str
    at: datetime
    step: str
    doses: int
    site: int | None = None
    other_site: int | None = None
    source_unit: int | None = None
    target_unit: int | None = None
    carrier: int | None = None
    document: str | None = None

    @property
    def place_in_time(self) -> PlaceInTime:
        """What orders facts: never the order of their arrival."""
        return self.at, _RANK[self.step], self.code

    @property
    def is_dose(self) -> bool:
        return self.step == "dose"

    @property
    def route(self) -> tuple[int | None, int | None] | None:
        """From which site to which it ships or receives; None for what does neither."""
        if self.step in LEAVING:
            return self.site, self.other_site
        if self.step == "receiving":
            return self.other_site, self.site
        return None


class Posting(NamedTuple):
    """`doses` moved from the credited to the debited account at `at` because of `fact`."""

    at: datetime
    doses: int
    credit: Account
    debit: Account
    fact: Fact


@dataclass(slots=True)
class Stay:
    """The lot lay in a unit, or rode in a carrier: [from_at, until_at)."""

    unit: int
    from_at: datetime
    until_at: datetime | None = None
    shipment: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a fact, with the numbers that show it."""

    code: str
    fact: Fact
    detail: dict[str, Any]


def place_of_dose(at: datetime, code: str | None) -> PlaceInTime:
    """The place in time of a dose; without an id, the end of all that happened at that moment."""
    return (at, _RANK["dose"], code) if code is not None else (at, len(_RANK), "")


def in_time(facts: Iterable[Fact]) -> list[Fact]:
    """Facts in the order in which the ledger takes them."""
    return sorted(facts, key=lambda fact: fact.place_in_time)


def balance(postings: Iterable[Posting]) -> dict[Account, int]:
    """What each account holds; the values sum to zero."""
    accounts: dict[Account, int] = {}
    for posting in postings:
        accounts[posting.credit] = accounts.get(posting.credit, 0) - posting.doses
        accounts[posting.debit] = accounts.get(posting.debit, 0) + posting.doses
    return accounts
