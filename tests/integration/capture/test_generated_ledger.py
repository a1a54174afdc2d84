"""Generated stories of a lot: however they come, the ledger is the one that their facts give.

Movements and doses come in any order, in any batches, some of them again. After each batch the
stored ledger is compared with the fold of everything that came so far, made at once; rebuilding
changes nothing; and what is summed beside the postings agrees with them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from tests.integration.country import NOW
from tests.unit.rules.bookkeeping import Ledger, keep_ledger
from tests.unit.rules.generated import examples
from traceapp.capture.dose import record_dose
from traceapp.capture.fact import dose_fact, movement_fact
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.posting import Posting
from traceapp.models.stay import Stay
from traceapp.models.stock import Stock, Turnover
from traceapp.rules.ledger import Account, balance
from traceapp.vault import Vault

_NUMBER = count(1)
_SQLITE, _POSTGRESQL = 60, 20
_VAULT = Vault("x" * 32)
_GTIN = "06901234567892"
_HOME = {"MAKER-1": "MAKER", "CDC-1": "CDC", "TRUCK": "CDC", "FRIDGE": "CLINIC"}
_HOME |= {"FRIDGE-2": "CLINIC"}
_BESIDE = {"CDC-1": "TRUCK", "TRUCK": "CDC-1", "FRIDGE": "FRIDGE-2", "FRIDGE-2": "FRIDGE"}
_UNITS = st.sampled_from(sorted(_HOME))
_SITES = st.sampled_from(sorted(set(_HOME.values())))
_STEPS = (
    *("commissioning", "shipping", "returning", "receiving", "storing"),
    *("wasting", "counting", "dose", "dose", "dose"),
)


@dataclass(frozen=True)
class Story:
    """Facts of one lot as they are reported, in the order in which they come, in batches."""

    lot: dict[str, str]
    batches: list[list[dict[str, Any]]]


@st.composite
def facts(draw: st.DrawFn, number: int, place: int) -> dict[str, Any]:
    step, unit = draw(st.sampled_from(_STEPS)), draw(_UNITS)
    at = NOW - timedelta(days=10) + timedelta(hours=draw(st.integers(0, 30)))
    fact: dict[str, Any] = {"id": f"f{number}-{place}", "at": at.isoformat()}
    if step == "dose":
        fact |= {"site": _HOME[unit], "recipient": {"document": "P1", "document_type": "passport"}}
        return fact | ({"unit": unit} if draw(st.booleans()) else {})
    fact |= {"step": step, "doses": draw(st.integers(1, 4))}
    if step == "commissioning":
        return fact | {"to": unit}
    if step == "receiving":
        return fact | {"from": draw(_SITES), "to": unit}
    fact["from"] = unit
    if step == "storing":
        fact["to"] = _BESIDE.get(unit, unit)
    if step in ("shipping", "returning"):
        fact |= {"to": draw(_SITES), "document": draw(st.sampled_from(["A", "B"]))}
        fact |= {"carrier": "TRUCK"} if draw(st.booleans()) else {}
    return fact | ({"reason": "broken"} if step == "wasting" else {})


@st.composite
def stories(draw: st.DrawFn) -> Story:
    number = next(_NUMBER)
    lot = {"gtin": _GTIN, "number": f"L{number}"}
    told = [draw(facts(number, place)) | {"lot": lot} for place in range(draw(st.integers(1, 25)))]
    chance = random.Random(draw(st.integers(0, 2**32)))
    told += chance.choices(told, k=draw(st.integers(0, 3)))
    chance.shuffle(told)
    batches: list[list[dict[str, Any]]] = []
    while told:
        size = chance.randint(1, 6)
        batches.append(told[:size])
        told = told[size:]
    return Story(lot, batches)


def tell(session: Session, batch: Sequence[dict[str, Any]]) -> None:
    """Report a batch as the doors do: its movements together, its doses one by one."""
    moved = [MovementSchema().load(one) for one in batch if "step" in one]
    if moved:
        [receipt] = record_movements(session, [MovementMessage(None, moved)], NOW)
        assert receipt.refusals == []
    for one in batch:
        if "step" not in one:
            record_dose(session, DoseSchema().load(one), _VAULT, NOW)


def expected(session: Session, lot_id: int) -> Ledger:
    """The fold of everything that is stored of the lot, at once."""
    moved = session.scalars(select(Movement).where(Movement.lot_id == lot_id))
    given_doses = session.scalars(select(Dose).where(Dose.lot_id == lot_id))
    return keep_ledger([*map(movement_fact, moved), *map(dose_fact, given_doses)])


def assert_books_are(session: Session, lot_id: int, ledger: Ledger) -> None:
    postings = session.scalars(select(Posting).where(Posting.lot_id == lot_id)).all()
    assert Counter(
        (
            row.at,
            row.doses,
            Account(row.credit, row.credit_unit_id, row.credit_shipment_id),
            Account(row.debit, row.debit_unit_id, row.debit_shipment_id),
            row.dose_id or row.movement_id,
            row.step,
        )
        for row in postings
    ) == Counter(
        (one.at, one.doses, one.credit, one.debit, one.fact.key, one.fact.step)
        for one in ledger.postings
    )
    stays = session.scalars(select(Stay).where(Stay.lot_id == lot_id))
    assert Counter((row.unit_id, row.from_at, row.until_at, row.shipment_id) for row in stays) == (
        Counter((one.unit, one.from_at, one.until_at, one.shipment) for one in ledger.stays)
    )
    found = session.scalars(select(Finding).where(Finding.lot_id == lot_id))
    assert Counter((row.code, row.dose_id or row.movement_id, *said(row)) for row in found) == (
        Counter((one.code, one.fact.key, *said(one)) for one in ledger.findings)
    )


def said(finding: Any) -> list[tuple[str, Any]]:
    return sorted(finding.detail.items())


def assert_sums_agree(session: Session, lot_id: int, ledger: Ledger) -> None:
    accounts = balance(ledger.postings)
    assert sum(accounts.values()) == 0
    held = {account.unit: doses for account, doses in accounts.items() if account.unit and doses}
    stock = session.scalars(select(Stock).where(Stock.lot_id == lot_id, Stock.doses != 0)).all()
    assert {row.unit_id: row.doses for row in stock} == held
    lying = {one.unit: one.from_at for one in ledger.stays if not (one.until_at or one.shipment)}
    assert {row.unit_id: row.since for row in stock} == lying
    names = ("made", "administered", "wasted", "adjusted", "unexplained", "shipped", "received")
    sums = session.execute(
        select(*(func.sum(getattr(Turnover, name)) for name in names)).where(
            Turnover.lot_id == lot_id
        )
    ).one()
    kinds: Counter[str] = Counter()
    for account, doses in accounts.items():
        kinds[account.kind] += doses
    made, *gone, shipped, received = (int(value or 0) for value in sums)
    assert -made == kinds["made"]
    assert gone == [kinds[name] for name in names[1:5]]
    assert shipped - received == kinds["in_transit"]


def check(database: Database, story: Story) -> None:
    for batch in story.batches:
        with database.begin() as session:
            tell(session, batch)
        with database.begin() as session:
            key = story.lot["gtin"], story.lot["number"]
            lot_id = session.scalars(
                select(Lot.id).where(Lot.gtin == key[0], Lot.number == key[1])
            ).one()
            ledger = expected(session, lot_id)
            assert_books_are(session, lot_id, ledger)
            assert_sums_agree(session, lot_id, ledger)
            assert rebuild(session, lot_id) == 0


@given(story=stories())
@examples(_SQLITE)
def check_on_sqlite(database: Database, story: Story) -> None:
    check(database, story)


@given(story=stories())
@examples(_POSTGRESQL)
def check_on_postgresql(database: Database, story: Story) -> None:
    check(database, story)


def test_the_ledger_is_the_fold_of_its_facts_however_they_come(database: Database) -> None:
    if database.is_sqlite:
        check_on_sqlite(database)
    else:
        check_on_postgresql(database)


def test_rebuilding_makes_a_ledger_whole_that_lost_its_rows(database: Database) -> None:
    lot = {"gtin": _GTIN, "number": "WHOLE"}
    hours = [f"2021-05-10T{hour:02}:00:00Z" for hour in range(24)]
    made = {"id": "w1", "at": hours[0], "step": "commissioning", "doses": 50, "to": "FRIDGE"}
    sent = {"id": "w2", "at": hours[1], "step": "shipping", "doses": 9, "from": "FRIDGE"}
    sent |= {"to": "CDC", "carrier": "TRUCK"}
    came = {"id": "w3", "at": hours[2], "step": "receiving", "doses": 8, "from": "CLINIC"}
    person = {"document": "P1", "document_type": "passport"}
    dose = {"id": "w4", "at": hours[3], "site": "CLINIC", "recipient": person}
    with database.begin() as session:
        tell(session, [one | {"lot": lot} for one in (made, sent, came | {"to": "CDC-1"}, dose)])
    with database.begin() as session:
        lot_id = session.scalars(select(Lot.id)).one()
        ledger = expected(session, lot_id)
        rows = 0
        for model in (Posting, Stay, Finding, Stock, Turnover):
            for row in session.scalars(select(model).where(model.lot_id == lot_id)):
                session.delete(row)
                rows += 1
        session.flush()
        assert rebuild(session, lot_id) == rows
        assert_books_are(session, lot_id, ledger)
        assert_sums_agree(session, lot_id, ledger)
        assert rebuild(session, lot_id) == 0
