"""What is on its way: shipments of a lot from one site to another, and who received them.

A shipment carries what it says, even where the shelf that it left could not explain it. So what
is on its way depends on shipments and receipts alone, never on doses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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
FINDINGS = ("received_less", "received_more", "received_unshipped")


@dataclass(slots=True)
class Shipment:
    """Doses on their way: `left` is what nobody has received yet."""

    fact: Fact
    left: int
    received: int = 0
    ride: Stay | None = None


@dataclass(slots=True)
class Transit:
    """A fold over the shipments and receipts of one lot, of one route or of several."""

    shipments: dict[tuple[object, ...], list[Shipment]] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def apply(self, fact: Fact) -> None:
        """Take a shipment or a receipt; feed them in the order of `place_in_time`."""
        if fact.step in LEAVING:
            self._dispatch(fact)
        elif fact.step == "receiving":
            self._receive(fact)

    def close(self) -> Transit:
        """Note what only the end shows: shipments of which less arrived than left."""
        for shipment in (one for route in self.shipments.values() for one in route):
            if shipment.received and shipment.left:
                detail = {
                    "shipped": shipment.received + shipment.left,
                    "received": shipment.received,
                }
                self.findings.append(Finding("received_less", shipment.fact, detail))
        return self

    def _dispatch(self, fact: Fact) -> None:
        shipment = Shipment(fact, fact.doses)
        self.shipments.setdefault(fact.route or (), []).append(shipment)
        if fact.carrier is not None:
            shipment.ride = Stay(fact.carrier, fact.at, shipment=fact.key)
            self.stays.append(shipment.ride)

    def _receive(self, fact: Fact) -> None:
        target = unit_account(fact.target_unit)
        missing = fact.doses
        for shipment in self._on_their_way(fact):
            taken = min(missing, shipment.left)
            if not taken:
                break
            shipped = Account("in_transit", shipment=shipment.fact.key)
            self.postings.append(Posting(fact.at, taken, shipped, target, fact))
            shipment.left -= taken
            shipment.received += taken
            missing -= taken
            if shipment.ride is not None and shipment.ride.until_at is None:
                shipment.ride.until_at = fact.at
        if missing:
            self.postings.append(Posting(fact.at, missing, UNEXPLAINED, target, fact))
            code = "received_unshipped" if missing == fact.doses else "received_more"
            detail = {"received": fact.doses, "shipped": fact.doses - missing}
            self.findings.append(Finding(code, fact, detail))

    def _on_their_way(self, fact: Fact) -> list[Shipment]:
        """Shipments that this receipt can answer, those of the same document first."""
        return sorted(
            (one for one in self.shipments.get(fact.route or (), ()) if one.left),
            key=lambda one: (one.fact.document != fact.document, one.fact.place_in_time),
        )


def carry(facts: Iterable[Fact]) -> Transit:
    """What became of a lot's shipments, from all facts of their routes in whatever order."""
    transit = Transit()
    for fact in in_time(facts):
        transit.apply(fact)
    return transit.close()
