"""The ledger's derived rows: what a fold says, compared with what is stored, and written."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert_rows
from traceapp.models.finding import Finding as FindingRow
from traceapp.models.posting import Posting as PostingRow
from traceapp.models.stay import Stay as StayRow
from traceapp.rows import among
from traceapp.rules.ledger import Finding, Posting, Stay

#: A lot and a site: whose shelf it is.
Key = tuple[int, int]
Row = tuple[Any, ...]
Derived = type[PostingRow] | type[StayRow] | type[FindingRow]

POSTING = (
    *("lot_id", "site_id", "at", "step", "doses"),
    *("credit", "credit_unit_id", "credit_shipment_id"),
    *("debit", "debit_unit_id", "debit_shipment_id", "movement_id", "dose_id"),
)
STAY = ("lot_id", "site_id", "unit_id", "shipment_id", "from_at", "until_at")
FINDING = ("lot_id", "site_id", "at", "code", "detail", "movement_id", "dose_id")
_NAMES: dict[Derived, tuple[str, ...]] = {
    PostingRow: POSTING,
    StayRow: STAY,
    FindingRow: FINDING,
}
#: Account → the sum of `turnover` that it adds to when it is credited, and with which sign.
_CREDITED = {
    "made": ("made", 1),
    "in_transit": ("received", 1),
    "adjusted": ("adjusted", -1),
    "unexplained": ("unexplained", -1),
}
#: Account → the sum that it adds to when it is debited; a unit's account is in `stock`.
_DEBITED = {"in_transit": "shipped", "unit": None}


def posting_row(lot_id: int, posting: Posting) -> Row:
    """A posting as its table's columns in the order of POSTING."""
    fact, credit, debit = posting.fact, posting.credit, posting.debit
    reason = (None, fact.key) if fact.is_dose else (fact.key, None)
    return (lot_id, fact.site, posting.at, fact.step, posting.doses, *credit, *debit, *reason)


def stay_row(key: Key, stay: Stay) -> Row:
    """A stay as its table's columns in the order of STAY."""
    return (*key, stay.unit, stay.shipment, stay.from_at, stay.until_at)


def finding_row(lot_id: int, finding: Finding) -> Row:
    """A finding as its table's columns in the order of FINDING; the detail as JSON."""
    fact = finding.fact
    reason = (None, fact.key) if fact.is_dose else (fact.key, None)
    return (lot_id, fact.site, fact.at, finding.code, _spell(finding.detail), *reason)


def _spell(detail: dict[str, Any]) -> str:
    return json.dumps(detail, sort_keys=True)


@dataclass(slots=True)
class Difference:
    """Rows of a derived table to take out, by their ids, and to put in."""

    gone: list[int] = field(default_factory=list)
    fresh: list[Row] = field(default_factory=list)


class Derivation:
    """All that one transaction changes in the derived tables; `write` does it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[Derived, Difference] = {model: Difference() for model in _NAMES}
        self.sums: defaultdict[Key, Counter[str]] = defaultdict(Counter)

    def stored(self, model: Derived, *conditions: Any) -> list[tuple[int, Row]]:
        """The stored rows that meet the conditions: their ids and their columns."""
        columns = [getattr(model, name) for name in _NAMES[model]]
        query: Select[Any] = select(model.id, *columns).where(*conditions)
        rows = [(row[0], tuple(row[1:])) for row in self._session.execute(query)]
        if model is not FindingRow:
            return rows
        place = FINDING.index("detail")
        return [(key, (*row[:place], _spell(row[place]), *row[place + 1 :])) for key, row in rows]

    def compare(
        self, model: Derived, stored: Sequence[tuple[int, Row]], wanted: Iterable[Row]
    ) -> None:
        """Note what makes the stored rows those that are wanted, touching only what differs."""
        difference = self._of[model]
        missing = Counter(wanted)
        for key, row in stored:
            if missing[row] > 0:
                missing[row] -= 1
            else:
                difference.gone.append(key)
                self._count(model, row, -1)
        for row, times in missing.items():
            difference.fresh.extend([row] * times)
            for _ in range(times):
                self._count(model, row, 1)

    def add(self, model: Derived, rows: Iterable[Row]) -> None:
        """Note new rows where nothing that is stored can contradict them."""
        for row in rows:
            self._of[model].fresh.append(row)
            self._count(model, row, 1)

    @property
    def size(self) -> int:
        """How many rows go or come."""
        return sum(len(one.gone) + len(one.fresh) for one in self._of.values())

    def write(self) -> None:
        """Take out and put in what was noted."""
        for model, difference in self._of.items():
            if difference.gone:
                ids = sorted(difference.gone)
                self._session.execute(delete(model).where(among(self._session, model.id, ids)))
            insert_rows(self._session, model, _NAMES[model], difference.fresh)

    def _count(self, model: Derived, row: Row, sign: int) -> None:
        if model is PostingRow:
            count(self.sums[row[0], row[1]], row, sign)


_doses, _credit, _debit = (POSTING.index(name) for name in ("doses", "credit", "debit"))


def count(sums: Counter[str], row: Row, sign: int = 1) -> None:
    """Add a posting's doses to the sums of `turnover` of its site."""
    doses = sign * row[_doses]
    if into := _CREDITED.get(row[_credit]):
        sums[into[0]] += into[1] * doses
    debited = row[_debit]
    if name := _DEBITED.get(debited, debited):
        sums[name] += doses
