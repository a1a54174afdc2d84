"""The stories of lots as rows: what capture would store of them, without asking it for each.

Facts become rows here, and the ledger's own folds make of them what is derived. A test holds the
rows equal to those of `record_movements` and `record_dose`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from schemas.dose import Dose
from schemas.movement import Movement
from traceapp.bench.province import Province
from traceapp.bench.story import MOST_OF_LOT, LotStory
from traceapp.capture.derived import (
    FINDING,
    POSTING,
    STAY,
    count,
    finding_row,
    posting_row,
    stay_row,
)
from traceapp.capture.recipient import row_of
from traceapp.capture.rejection import digest
from traceapp.rules.ledger import Fact, Finding, Posting
from traceapp.rules.shelf import Shelf
from traceapp.rules.transit import carry
from traceapp.vault import Person, Vault, mark

#: How long after it happened a fact is reported.
DELAY = timedelta(minutes=2)
_RECIPIENT = ("document_index", "key_id", "sealed", "document_masked", "name_masked")
_SUMS = (
    *("made", "received", "shipped", "administered", "wasted", "destroyed"),
    *("sampled", "adjusted", "unexplained"),
)
#: The columns that are written, by table; in the order in which their rows refer to one another.
COLUMNS: dict[str, tuple[str, ...]] = {
    "lot": ("id", "gtin", "number", "made_on", "expires_on", "release"),
    "movement": (
        *("id", "code", "at", "step", "lot_id", "doses", "site_id", "from_unit_id", "to_unit_id"),
        *("from_site_id", "to_site_id", "carrier_id", "document", "reason", "witnesses"),
        *("made_on", "expires_on", "release", "digest", "recorded_at"),
    ),
    "pack": ("id", "key", "code"),
    "pack_movement": ("pack_id", "movement_id"),
    "recipient": ("id", *_RECIPIENT),
    "dose": (
        *("id", "code", "at", "site_id", "unit_id", "lot_id", "pack_code", "pack_key"),
        *("recipient_id", "dose_number", "vaccinator", "digest", "person_digest", "recorded_at"),
    ),
    "posting": POSTING,
    "stay": STAY,
    "finding": FINDING,
    "stock": ("lot_id", "site_id", "unit_id", "doses", "since"),
    "turnover": ("lot_id", "site_id", "newest_at", *_SUMS),
}
#: What JSON has for nothing: so a fact's missing witnesses are kept.
_NULL = "null"

Row = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """The rows of one lot by table; those of doses also by when they came about."""

    of: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    dated: defaultdict[tuple[str, datetime], list[Row]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, table: str, row: Row) -> None:
        """A row that may be written at any time."""
        self.of[table].append(row)

    def add_dated(self, table: str, at: datetime, row: Row) -> None:
        """A row that came about on a day: rows of many lots were stored on it, in turn."""
        self.dated[table, at.replace(hour=0, minute=0, second=0)].append(row)


class Writer:
    """Makes the rows of one lot after another; the lots of a pair come in turn.

    Row ids follow from the lot's number, so that writers need not know of one another.
    """

    def __init__(self, province: Province, vault: Vault) -> None:
        self._province, self._vault = province, vault
        self._movements = self._doses = self._packs = 0
        self._known: set[int] = set()
        self._pair = 0

    def rows(self, story: LotStory) -> Rows:
        """All that is stored of a lot."""
        rows = Rows()
        if (story.number + 1) // 2 != self._pair:
            self._pair, self._known = (story.number + 1) // 2, set()
        self._movements = self._doses = self._packs = story.number * MOST_OF_LOT
        lot_id = story.number + 1
        first = story.movements[0]
        rows.add("lot", (lot_id, *asdict(story.lot).values(), first.made_on, first.expires_on,
                         first.release))  # fmt: skip
        packs: dict[str, int] = {}
        facts = [self._movement(rows, lot_id, one, packs) for one in story.movements]
        facts += [self._dose(rows, lot_id, dose, number) for dose, number in story.doses]
        for table, values in _Books(lot_id, facts).rows():
            if table == "posting":
                rows.add_dated(table, values[_POSTED_AT], values)
            else:
                rows.add(table, values)
        return rows

    def _movement(self, rows: Rows, lot_id: int, came: Movement, packs: dict[str, int]) -> Fact:
        units, sites = self._province.unit_ids, self._province.site_ids
        self._movements += 1
        site = self._province.site_of_unit[came.reporting_unit[1] or ""]
        from_unit, to_unit = units.get(came.source or ""), units.get(came.target or "")
        from_site, to_site = sites.get(came.source or ""), sites.get(came.target or "")
        carrier = units[came.carrier] if came.carrier else None
        content = asdict(came) | {"packs": sorted(came.packs)}
        rows.add("movement", (
            self._movements, came.id, came.at, came.step, lot_id, came.doses, site, from_unit,
            to_unit, from_site, to_site, carrier, came.document, came.reason, _NULL,
            came.made_on, came.expires_on, came.release, digest(content), came.at + DELAY,
        ))  # fmt: skip
        for code in came.packs:
            if code not in packs:
                self._packs += 1
                packs[code] = self._packs
                rows.add("pack", (self._packs, f"t:{code}", code))
            rows.add("pack_movement", (packs[code], self._movements))
        return Fact(
            self._movements, came.id, came.at, came.step, came.doses, site,
            from_site if came.step == "receiving" else to_site, from_unit, to_unit, carrier,
            came.document,
        )  # fmt: skip

    def _dose(self, rows: Rows, lot_id: int, came: Dose, number: int) -> Fact:
        self._doses += 1
        site = self._province.site_ids[came.site]
        unit = self._province.unit_ids[came.unit] if came.unit else None
        known = Person(came.recipient, (_salt(number),))
        if number not in self._known:
            self._known.add(number)
            sealed = row_of(self._vault.seal(known), known)
            row = (number + 1, *(sealed[name] for name in _RECIPIENT))
            rows.add_dated("recipient", came.at, row)
        rows.add_dated("dose", came.at, (
            self._doses, came.id, came.at, site, unit, lot_id, came.pack,
            f"t:{came.pack}" if came.pack else None, number + 1, came.dose_number, came.vaccinator,
            digest(_content(came)), mark(known, came.recipient)[0], came.at + DELAY,
        ))  # fmt: skip
        return Fact(self._doses, came.id, came.at, "dose", 1, site, source_unit=unit)


class _Books:
    """What the ledger makes of a lot's facts, as rows of its tables."""

    def __init__(self, lot_id: int, facts: list[Fact]) -> None:
        self._lot_id = lot_id
        self._of_site: defaultdict[int, list[Fact]] = defaultdict(list)
        for fact in facts:
            self._of_site[fact.site or 0].append(fact)
        self._transit = carry([fact for fact in facts if not fact.is_dose])
        self._sums: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """First what was on its way, then what lay at each site."""
        yield from self._book(self._transit.postings, self._transit.findings)
        for shipment in (one for route in self._transit.shipments.values() for one in route):
            if shipment.ride is not None:
                key = self._lot_id, shipment.fact.site or 0
                yield "stay", stay_row(key, shipment.ride)
        for site, own in self._of_site.items():
            yield from self._shelf((self._lot_id, site), own)

    def _shelf(self, key: tuple[int, int], facts: list[Fact]) -> Iterator[tuple[str, Row]]:
        shelf = Shelf().fold(facts)
        yield from self._book(shelf.postings, shelf.findings)
        for stay in shelf.stays:
            yield "stay", stay_row(key, stay)
        for unit, doses in shelf.held.items():
            lies = shelf.lying.get(unit)
            yield "stock", (*key, unit, doses, lies.from_at if lies else None)
        newest, sums = max(fact.at for fact in facts), self._sums[key[1]]
        yield "turnover", (*key, newest, *(sums[name] for name in _SUMS))

    def _book(
        self, postings: Iterable[Posting], findings: Iterable[Finding]
    ) -> Iterator[tuple[str, Row]]:
        for posting in postings:
            row = posting_row(self._lot_id, posting)
            count(self._sums[posting.fact.site or 0], row)
            yield "posting", row
        for finding in findings:
            yield "finding", finding_row(self._lot_id, finding)


def _content(dose: Dose) -> dict[str, Any]:
    """All that was said of a dose but the person; what was not said is left out."""
    return {
        "id": dose.id,
        "at": dose.at,
        "site": dose.site,
        "unit": dose.unit,
        "lot": {"gtin": dose.lot.gtin, "number": dose.lot.number} if dose.lot else None,
        "pack": dose.pack,
        "dose_number": dose.dose_number,
        "vaccinator": dose.vaccinator,
    }


def _salt(number: int) -> bytes:
    return sha256(f"salt {number}".encode()).digest()[:16]


_POSTED_AT = POSTING.index("at")
