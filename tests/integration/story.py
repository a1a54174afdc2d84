"""Generated stories of two lots: movements, doses, packs, and corrections of any of them.

A story can be told in any order under any name; what the record says of it must be the same but
for the name. Ids keep their order under every name, since they decide where moments do not.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from tests.integration.capture.test_generated_ledger import facts
from tests.integration.country import NOW
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.pack_finding import PackFinding
from traceapp.models.posting import Posting
from traceapp.models.stay import Stay
from traceapp.models.stock import Stock, Turnover
from traceapp.vault import Vault

GTIN = "06901234567892"
_VAULT = Vault("x" * 32)
_PACKS = range(3)
_DERIVED = (Posting, Stay, Finding, PackFinding, Stock, Turnover)


@dataclass(frozen=True)
class Story:
    """Facts by their places, as they are told under no name yet, and the order of telling."""

    facts: list[dict[str, Any]]
    orders: tuple[list[list[int]], list[list[int]]]

    def named(self, name: int) -> list[dict[str, Any]]:
        """The facts under a name, as doors take them."""
        return [_render(fact, name) for fact in self.facts]

    def in_force(self, name: int) -> set[str]:
        """The ids of what stands when all is told: of all that correct each other the newest."""
        groups = {place: {place} for place in range(len(self.facts))}
        for place, fact in enumerate(self.facts):
            if "corrects" in fact:
                both = groups[place] | groups[fact["corrects"]]
                groups |= dict.fromkeys(both, both)
        newest = {max(group, key=self._found) for group in groups.values()}
        return {spell(name, place) for place in newest if not self.facts[place].get("void")}

    def _found(self, place: int) -> tuple[str, int]:
        return self.facts[place].get("corrected_at", ""), place


def spell(name: int, place: int) -> str:
    return f"{name:04}-{place:02}"


def lot_numbers(name: int) -> list[str]:
    return [f"{name:04}{lot}" for lot in "ab"]


def pack_code(name: int, pack: int) -> str:
    return f"8{name:012}{pack:07}"


def _render(fact: dict[str, Any], name: int) -> dict[str, Any]:
    told = {**fact, "id": spell(name, fact["id"])}
    if "corrects" in fact:
        told["corrects"] = spell(name, fact["corrects"])
    if "lot" in fact:
        told["lot"] = {"gtin": GTIN, "number": f"{name:04}{fact['lot']}"}
    if "packs" in fact:
        told["packs"] = [pack_code(name, pack) for pack in fact["packs"]]
    if "pack" in fact:
        told["pack"] = pack_code(name, fact["pack"])
    return told


@st.composite
def _facts(draw: st.DrawFn, place: int) -> dict[str, Any]:
    fact = draw(facts(0, place)) | {"id": place, "lot": draw(st.sampled_from("aaab"))}
    if "step" in fact:
        packs = draw(st.lists(st.sampled_from(_PACKS), max_size=2, unique=True))
        return fact | ({"packs": packs} if packs else {})
    if draw(st.booleans()):
        fact["pack"] = draw(st.sampled_from(_PACKS))
        if draw(st.booleans()):
            del fact["lot"]
    return fact


@st.composite
def stories(draw: st.DrawFn, most: int = 16) -> Story:
    told = [draw(_facts(place)) for place in range(draw(st.integers(2, most)))]
    for fact in told:
        others = [
            one["id"] for one in told if one is not fact and ("step" in one) == ("step" in fact)
        ]
        if others and draw(st.integers(0, 2)) == 0:
            found_at = NOW - timedelta(hours=draw(st.integers(1, 6)))
            fact |= {
                "corrects": draw(st.sampled_from(others)),
                "corrected_at": found_at.isoformat(),
            }
            if draw(st.booleans()):
                fact |= {"void": True, "reason": "never happened"}
    chance = random.Random(draw(st.integers(0, 2**32)))
    return Story(told, (_order(chance, len(told)), _order(chance, len(told))))


def _order(chance: random.Random, count: int) -> list[list[int]]:
    places = chance.sample(range(count), count)
    batches = []
    while places:
        size = chance.randint(1, 5)
        batches.append(places[:size])
        places = places[size:]
    return batches


def tell(session: Session, documents: Sequence[dict[str, Any]]) -> None:
    """Report as an officer of the whole country does: movements together, doses one by one."""
    moved = [MovementSchema().load(one) for one in documents if "step" in one]
    if moved:
        [receipt] = record_movements(session, [MovementMessage(None, moved, "")], NOW)
        assert receipt.refusals == []
    for one in documents:
        if "step" not in one:
            record_dose(session, DoseSchema().load(one), _VAULT, NOW, "")


def lots_of(session: Session, name: int) -> list[Lot]:
    query = select(Lot).where(Lot.number.in_(lot_numbers(name))).order_by(Lot.number)
    return list(session.scalars(query))


def everything_derived(session: Session, name: int) -> dict[str, Counter[tuple[Any, ...]]]:
    """What the record derives from a story, without row ids and without its name."""
    lots = {lot.id: lot.number[4:] for lot in lots_of(session, name)}
    told = select(Movement.id, Movement.code).where(Movement.code.startswith(f"{name:04}-"))
    movements = {row[0]: row[1] for row in session.execute(told)}
    doses = session.scalars(select(Dose).where(Dose.code.startswith(f"{name:04}-"))).all()
    facts_of = {"movement_id": movements, "dose_id": {dose.id: dose.code for dose in doses}}
    ways = {**facts_of, "lot_id": lots, "left_lot_id": lots}
    ways |= dict.fromkeys(("shipment_id", "credit_shipment_id", "debit_shipment_id"), movements)
    found: dict[str, Counter[tuple[Any, ...]]] = {}
    for model in _DERIVED:
        columns = [one for one in model.__table__.columns.keys() if one != "id"]  # noqa: SIM118 - not a dictionary
        found[model.__tablename__] = Counter(
            tuple(_plain(one, getattr(row, one), ways, name) for one in columns)
            for row in session.scalars(select(model))
            if (getattr(row, "lot_id", None) in lots or _is_of(name, row)) and not _is_empty(row)
        )
    found["dose"] = Counter(
        (dose.code[5:], lots.get(dose.lot_id or 0), dose.is_in_force) for dose in doses
    )
    return found


def _is_of(name: int, row: Any) -> bool:
    return getattr(row, "pack_key", "").startswith(f"t:8{name:012}")


def _is_empty(row: Any) -> bool:
    """Whether a row only says that something was there while the story was told."""
    if isinstance(row, Stock):
        return row.doses == 0
    return isinstance(row, Turnover) and row.newest_at is None and row.shipped == row.received == 0


def _plain(column: str, value: Any, ways: dict[str, dict[int, str]], name: int) -> Any:
    if column in ways and value is not None:
        value = ways[column][value]
        return value[5:] if value.startswith(f"{name:04}-") else value
    if column == "pack_key":
        return value[-7:]
    return repr(sorted(value.items())) if isinstance(value, dict) else value
