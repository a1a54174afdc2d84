"""The double-entry ledger of one lot: a fold over its facts in event time.

Every posting debits one account and credits another, so a lot sums to zero by construction.
A fact that the ledger cannot explain is applied as far as it goes: what is missing comes out of
the account `unexplained` and a finding says so; both vanish when the missing fact arrives.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
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
_GONE = {"wasting": "wasted", "destroying": "destroyed", "sampling": "sampled"}


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


@dataclass(frozen=True, slots=True)
class Fact:
    """A movement or a dose as the ledger sees it; `code` is its public id.

    `units` are, for a dose that names no unit, all units of its site.
    """

    key: int
    code: str
    at: datetime
    step: str
    doses: int
    source_unit: int | None = None
    target_unit: int | None = None
    source_site: int | None = None
    target_site: int | None = None
    carrier: int | None = None
    document: str | None = None
    units: tuple[int, ...] = ()

    @property
    def place_in_time(self) -> tuple[datetime, int, str]:
        """What orders facts: never the order of their arrival."""
        return self.at, _RANK[self.step], self.code

    @property
    def is_dose(self) -> bool:
        return self.step == "dose"


@dataclass(frozen=True, slots=True)
class Posting:
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


@dataclass(slots=True)
class Shipment:
    """Doses on their way: `left` is what nobody has received yet."""

    fact: Fact
    left: int
    received: int = 0


@dataclass(slots=True)
class Ledger:
    """The state of one lot; feed it facts in the order of `place_in_time`."""

    held: dict[int, int] = field(default_factory=dict)
    shipments: dict[int, Shipment] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    lying: dict[int, Stay] = field(default_factory=dict)

    def apply(self, fact: Fact) -> None:
        """Post a fact."""
        if fact.step == "commissioning":
            self._post(fact, fact.doses, Account("made"), _unit(fact.target_unit))
        elif fact.step in ("shipping", "returning"):
            self._dispatch(fact)
        elif fact.step == "receiving":
            self._receive(fact)
        elif fact.step == "storing":
            self._take(fact, _unit(fact.target_unit))
        elif fact.step == "counting":
            self._count(fact)
        elif fact.is_dose:
            self._administer(fact)
        else:
            self._take(fact, Account(_GONE[fact.step]))

    def close(self) -> Ledger:
        """Note what only the end shows: shipments of which less arrived than left."""
        for shipment in self.shipments.values():
            if shipment.received and shipment.left:
                detail = {
                    "shipped": shipment.received + shipment.left,
                    "received": shipment.received,
                }
                self.findings.append(Finding("received_less", shipment.fact, detail))
        return self

    def _dispatch(self, fact: Fact) -> None:
        self.shipments[fact.key] = Shipment(fact, fact.doses)
        self._take(fact, Account("in_transit", shipment=fact.key))
        if fact.carrier is not None:
            self.stays.append(Stay(fact.carrier, fact.at, shipment=fact.key))

    def _receive(self, fact: Fact) -> None:
        target = _unit(fact.target_unit)
        missing = fact.doses
        for shipment in self._on_their_way(fact):
            taken = min(missing, shipment.left)
            if not taken:
                break
            self._post(fact, taken, Account("in_transit", shipment=shipment.fact.key), target)
            shipment.left -= taken
            shipment.received += taken
            missing -= taken
            self._arrive(shipment, fact.at)
        if missing:
            self._post(fact, missing, UNEXPLAINED, target)
            code = "received_unshipped" if missing == fact.doses else "received_more"
            detail = {"received": fact.doses, "shipped": fact.doses - missing}
            self.findings.append(Finding(code, fact, detail))

    def _on_their_way(self, fact: Fact) -> list[Shipment]:
        """Shipments that this receipt can answer, those of the same document first."""
        route = fact.source_site, fact.target_site
        answers = [
            shipment
            for shipment in self.shipments.values()
            if shipment.left and (shipment.fact.source_site, shipment.fact.target_site) == route
        ]
        return sorted(
            answers,
            key=lambda one: (one.fact.document != fact.document, one.fact.place_in_time),
        )

    def _arrive(self, shipment: Shipment, at: datetime) -> None:
        for stay in self.stays:
            if stay.shipment == shipment.fact.key and stay.until_at is None:
                stay.until_at = at

    def _count(self, fact: Fact) -> None:
        unit = _unit(fact.source_unit)
        difference = fact.doses - self.held.get(unit.unit or 0, 0)
        if difference > 0:
            self._post(fact, difference, Account("adjusted"), unit)
        elif difference < 0:
            self._post(fact, -difference, unit, Account("adjusted"))

    def _administer(self, fact: Fact) -> None:
        if fact.source_unit is None:
            holding = [unit for unit in fact.units if self.held.get(unit, 0) > 0]
            # Which fridge it came from nobody said: the ledger takes the one filled first.
            holding.sort(key=lambda unit: (self.lying[unit].from_at, unit))
            source = holding[0] if holding else None
        else:
            source = fact.source_unit
        if source is None or self.held.get(source, 0) < fact.doses:
            self._post(fact, fact.doses, UNEXPLAINED, Account("administered"))
            self.findings.append(Finding("not_at_site", fact, {}))
        else:
            self._post(fact, fact.doses, _unit(source), Account("administered"))

    def _take(self, fact: Fact, target: Account) -> None:
        """Take the fact's doses out of its unit, and what it lacks out of `unexplained`."""
        source = _unit(fact.source_unit)
        held = self.held.get(source.unit or 0, 0)
        there = min(held, fact.doses)
        if there:
            self._post(fact, there, source, target)
        if fact.doses > there:
            self._post(fact, fact.doses - there, UNEXPLAINED, target)
            detail = {"doses": fact.doses, "held": held}
            self.findings.append(Finding("more_out_than_in", fact, detail))

    def _post(self, fact: Fact, doses: int, credit: Account, debit: Account) -> None:
        self.postings.append(Posting(fact.at, doses, credit, debit, fact))
        if credit.unit is not None:
            self._lay(credit.unit, -doses, fact.at)
        if debit.unit is not None:
            self._lay(debit.unit, doses, fact.at)

    def _lay(self, unit: int, doses: int, at: datetime) -> None:
        before = self.held.get(unit, 0)
        self.held[unit] = after = before + doses
        if before == 0 < after:
            self.lying[unit] = Stay(unit, at)
            self.stays.append(self.lying[unit])
        elif after == 0 < before:
            stay = self.lying.pop(unit)
            stay.until_at = at
            if stay.from_at == at:
                self.stays.remove(stay)


def _unit(unit: int | None) -> Account:
    return Account("unit", unit)


def keep_ledger(facts: Iterable[Fact]) -> Ledger:
    """The ledger of a lot from all its facts, in whatever order they are given."""
    ledger = Ledger()
    for fact in sorted(facts, key=lambda fact: fact.place_in_time):
        ledger.apply(fact)
    return ledger.close()


def balance(postings: Iterable[Posting]) -> dict[Account, int]:
    """What each account holds; the values sum to zero."""
    accounts: dict[Account, int] = {}
    for posting in postings:
        accounts[posting.credit] = accounts.get(posting.credit, 0) - posting.doses
        accounts[posting.debit] = accounts.get(posting.debit, 0) + posting.doses
    return accounts
