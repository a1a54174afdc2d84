"""The ledger of a lot: it balances, whatever is reported and in whatever order."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rules.bookkeeping import Ledger, keep_ledger
from traceapp.rules.ledger import Account, Fact, balance

START = datetime(2021, 5, 9, tzinfo=UTC)
#: Site of each unit: 1 and 2 belong to site 10, 3 to site 20, 4 and 5 to site 30.
HOME = {1: 10, 2: 10, 3: 20, 4: 30, 5: 30}
BESIDE = {1: 2, 2: 1, 3: 3, 4: 5, 5: 4}


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def fact(key: int, hour: float, step: str, doses: int, **places: Any) -> Fact:
    unit = places.get("source_unit") or places["target_unit"]
    return Fact(key, f"m{key:04}", at(hour), step, doses, HOME[unit], **places)


def held(ledger: Ledger) -> dict[str, int]:
    return {
        f"{account.kind}{account.unit or ''}": doses
        for account, doses in balance(ledger.postings).items()
        if doses
    }


MADE = fact(1, 0, "commissioning", 100, target_unit=1)
SENT = fact(2, 1, "shipping", 60, source_unit=1, other_site=30, carrier=3)
GOT = fact(3, 5, "receiving", 60, other_site=10, target_unit=4)


def test_a_lot_goes_from_its_maker_to_a_clinic_and_into_people() -> None:
    given_dose = Fact(9, "d1", at(6), "dose", 1, 30, source_unit=4)
    ledger = keep_ledger([MADE, SENT, GOT, given_dose])
    assert held(ledger) == {"made": -100, "unit1": 40, "unit4": 59, "administered": 1}
    assert ledger.findings == []
    stays = {(stay.unit, stay.from_at, stay.until_at) for stay in ledger.stays}
    assert stays == {(1, at(0), None), (3, at(1), at(5)), (4, at(5), None)}


def test_a_receipt_of_less_keeps_the_rest_on_the_way_and_says_so() -> None:
    ledger = keep_ledger([MADE, SENT, fact(3, 5, "receiving", 50, other_site=10, target_unit=4)])
    assert held(ledger) == {"made": -100, "unit1": 40, "in_transit": 10, "unit4": 50}
    assert [(one.code, one.detail) for one in ledger.findings] == [
        ("received_less", {"shipped": 60, "received": 50})
    ]


def test_a_receipt_of_more_is_unexplained_for_what_nobody_shipped() -> None:
    ledger = keep_ledger([MADE, SENT, fact(3, 5, "receiving", 70, other_site=10, target_unit=4)])
    assert held(ledger)["unexplained"] == -10
    assert [one.code for one in ledger.findings] == ["received_more"]


def test_a_receipt_before_its_shipment_is_found_and_explained_when_the_shipment_comes() -> None:
    early = keep_ledger([MADE, GOT])
    assert [one.code for one in early.findings] == ["received_unshipped"]
    assert held(early) == {"made": -100, "unit1": 100, "unexplained": -60, "unit4": 60}
    assert keep_ledger([GOT, MADE, SENT]).findings == []


def test_more_out_than_in_is_applied_as_far_as_it_goes() -> None:
    ledger = keep_ledger([fact(1, 0, "commissioning", 10, target_unit=1), SENT])
    assert held(ledger) == {"made": -10, "in_transit": 60, "unexplained": -50}
    assert [one.detail for one in ledger.findings] == [{"doses": 60, "held": 10}]


def test_a_count_writes_the_difference_as_an_adjustment() -> None:
    counted = [MADE, fact(2, 1, "counting", 97, source_unit=1)]
    assert held(keep_ledger(counted)) == {"made": -100, "unit1": 97, "adjusted": 3}


def test_a_dose_without_a_fridge_comes_from_the_one_filled_first() -> None:
    facts = [
        MADE,
        fact(2, 1, "storing", 10, source_unit=1, target_unit=2),
        Fact(9, "d1", at(2), "dose", 1, 10),
    ]
    assert held(keep_ledger(facts))["unit1"] == 89


def test_a_dose_at_a_site_that_holds_nothing_is_a_finding() -> None:
    ledger = keep_ledger([MADE, Fact(9, "d1", at(2), "dose", 1, 30)])
    assert [one.code for one in ledger.findings] == ["not_at_site"]
    assert held(ledger)["unexplained"] == -1


def test_goods_of_the_same_document_are_received_first() -> None:
    first = fact(2, 1, "shipping", 30, source_unit=1, other_site=30, document="SO-1")
    second = fact(3, 2, "shipping", 30, source_unit=1, other_site=30, document="SO-2")
    got = fact(4, 5, "receiving", 30, other_site=10, target_unit=4, document="SO-2")
    accounts = balance(keep_ledger([MADE, first, second, got]).postings)
    assert accounts[Account("in_transit", shipment=2)] == 30
    assert accounts[Account("in_transit", shipment=3)] == 0


units = st.sampled_from(sorted(HOME))
anything = st.tuples(
    st.sampled_from(["commissioning", "shipping", "receiving", "storing", "wasting", "counting"])
    | st.just("dose"),
    st.integers(0, 20),
    st.integers(1, 50),
    units,
    units,
)


def facts_of(rows: list[tuple[str, int, int, int, int]]) -> list[Fact]:
    made: list[Fact] = []
    for key, (step, hour, doses, one, other) in enumerate(rows, start=1):
        places: dict[str, Any] = {"source_unit": one}
        if step == "commissioning":
            places = {"target_unit": one}
        elif step == "shipping":
            places["other_site"] = HOME[other]
            places["carrier"] = 3
        elif step == "receiving":
            places = {"target_unit": one, "other_site": HOME[other]}
        elif step == "storing":
            places["target_unit"] = BESIDE[one]
        made.append(fact(key, hour, step, 1 if step == "dose" else doses, **places))
    return made


@given(st.lists(anything, max_size=30), st.randoms(use_true_random=False))
def test_any_facts_in_any_order_balance_and_give_the_same_ledger(
    rows: list[tuple[str, int, int, int, int]], chance: random.Random
) -> None:
    facts = facts_of(rows)
    ledger = keep_ledger(facts)
    accounts = balance(ledger.postings)
    assert sum(accounts.values()) == 0
    assert all(doses >= 0 for account, doses in accounts.items() if account.is_place)
    shuffled = list(facts)
    chance.shuffle(shuffled)
    again = keep_ledger(shuffled)
    assert again.postings == ledger.postings
    assert again.stays == ledger.stays
    assert again.findings == ledger.findings


@given(st.lists(anything, max_size=30))
def test_a_unit_is_stayed_in_exactly_while_it_holds_something(
    rows: list[tuple[str, int, int, int, int]],
) -> None:
    ledger = keep_ledger(facts_of(rows))
    open_stays = {stay.unit for stay in ledger.stays if stay.until_at is None and not stay.shipment}
    holding = {account.unit for account, n in balance(ledger.postings).items() if n > 0}
    assert open_stays == {unit for unit in holding if unit is not None}
