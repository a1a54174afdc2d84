"""All books of a lot at once: every site's shelf, and what is on its way between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from traceapp.rules.ledger import Fact, Finding, Posting, Stay, in_time
from traceapp.rules.shelf import Shelf
from traceapp.rules.transit import Transit, carry


@dataclass(frozen=True, slots=True)
class Ledger:
    """What follows from a lot's facts; postings are in the order of their facts."""

    postings: list[Posting]
    stays: list[Stay]
    findings: list[Finding]


def keep_ledger(facts: Iterable[Fact]) -> Ledger:
    """The ledger of a lot from all its facts, in whatever order they are given."""
    ordered = in_time(facts)
    transit = carry(ordered)
    shelves: dict[int | None, Shelf] = {}
    for fact in ordered:
        shelves.setdefault(fact.site, Shelf()).apply(fact)
    books: list[Transit | Shelf] = [transit, *shelves.values()]
    postings = [posting for book in books for posting in book.postings]
    return Ledger(
        sorted(postings, key=lambda posting: posting.fact.place_in_time),
        [stay for book in books for stay in book.stays],
        [finding for book in books for finding in book.findings],
    )
