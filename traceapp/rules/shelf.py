"""What lies at one site: a lot in the site's units, folded over the site's facts in event time.

A fact that the shelf cannot explain is applied as far as it goes: what is missing comes out of
the account `unexplained` and a finding says so; both vanish when the missing fact arrives.
A receipt puts onto the shelf all that was received; `rules.transit` posts where it came from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from traceapp.rules.ledger import (
    LEAVING,
    UNEXPLAINED,
    Account,
    Fact,
    Finding,
    Posting,
    Stay,
    in_time,
    unit_account,
)

#: The codes of the findings that this fold makes.
FINDINGS = ("more_out_than_in", "not_at_site")
_GONE = {"wasting": "wasted", "destroying": "destroyed", "sampling": "sampled"}


@dataclass(slots=True)
class Shelf:
    """A lot at one site: doses in each unit, and the stay of each unit that holds some.

    It may go on from what was there before: give `held` and `lying` as of that moment, and then
    only facts that come later.
    """

    held: dict[int, int] = field(default_factory=dict)
    lying: dict[int, Stay] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def fold(self, facts: Iterable[Fact]) -> Shelf:
        """Take facts of the site, in whatever order they are given."""
        for fact in in_time(facts):
            self.apply(fact)
        return self

    def apply(self, fact: Fact) -> None:
        """Take one fact; feed them in the order of `place_in_time`."""
        if fact.is_dose:
            self._administer(fact)
        elif fact.step == "commissioning":
            self._post(fact, fact.doses, Account("made"), unit_account(fact.target_unit))
        elif fact.step == "receiving":
            self._lay(fact.target_unit or 0, fact.doses, fact.at)
        elif fact.step in LEAVING:
            self._take(fact, Account("in_transit", shipment=fact.key))
        elif fact.step == "storing":
            self._take(fact, unit_account(fact.target_unit))
        elif fact.step == "counting":
            self._count(fact)
        else:
            self._take(fact, Account(_GONE[fact.step]))

    def _count(self, fact: Fact) -> None:
        unit = unit_account(fact.source_unit)
        difference = fact.doses - self.held.get(unit.unit or 0, 0)
        if difference > 0:
            self._post(fact, difference, Account("adjusted"), unit)
        elif difference < 0:
            self._post(fact, -difference, unit, Account("adjusted"))

    def _administer(self, fact: Fact) -> None:
        source = fact.source_unit
        if source is None:
            # Which fridge it came from nobody said: the ledger takes the one filled first.
            filled = [(stay.from_at, unit) for unit, stay in self.lying.items()]
            source = min(filled)[1] if filled else None
        if source is None or self.held.get(source, 0) < fact.doses:
            self._post(fact, fact.doses, UNEXPLAINED, Account("administered"))
            self.findings.append(Finding("not_at_site", fact, {}))
        else:
            self._post(fact, fact.doses, unit_account(source), Account("administered"))

    def _take(self, fact: Fact, target: Account) -> None:
        """Take the fact's doses out of its unit, and what it lacks out of `unexplained`."""
        source = unit_account(fact.source_unit)
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
