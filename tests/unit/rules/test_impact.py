"""The blast radius: what may be exposed is bounded, and never mixed with what is."""

from __future__ import annotations

from datetime import datetime

from tests.unit.rules.bookkeeping import keep_ledger
from tests.unit.rules.test_ledger import GOT, HOME, MADE, SENT, at, fact
from traceapp.rules.impact import Touched, follow
from traceapp.rules.ledger import Account, Fact


def dose(key: int, hour: float, unit: int) -> Fact:
    return Fact(key, f"d{key}", at(hour), "dose", 1, HOME[unit], source_unit=unit)


def impact(facts: list[Fact], unit: int, start: datetime, end: datetime | None) -> Touched:
    def is_there(account: Account) -> bool:
        return account.unit == unit

    return follow(keep_ledger(facts).postings, is_there, start, end)


def test_doses_given_after_the_exposure_began_are_certain_and_earlier_ones_untouched() -> None:
    facts = [MADE, SENT, GOT, dose(20, 6, 4), dose(21, 8, 4)]
    touched = impact(facts, 4, at(7), at(9))
    assert [(one.key, one.certainty) for one in touched.doses] == [(21, "certain")]
    assert touched.present == 59
    assert touched.left[Account("unit", 4)].exposed == 58


def test_a_dose_given_at_the_moment_of_the_start_is_untouched() -> None:
    facts = [MADE, SENT, GOT, dose(20, 7, 4), dose(21, 7.1, 4)]
    touched = impact(facts, 4, at(7), at(9))
    assert [one.key for one in touched.doses] == [21]


def test_exposed_stock_is_followed_across_a_shipment() -> None:
    facts = [MADE, SENT, GOT, dose(20, 6, 4)]
    touched = impact(facts, 1, at(0.5), at(0.75))
    assert touched.present == 100
    assert [(one.key, one.certainty) for one in touched.doses] == [(20, "certain")]
    assert {account.unit: stock.exposed for account, stock in touched.left.items()} == {
        1: 40,
        4: 59,
    }


def test_where_fresh_stock_joins_exposed_stock_a_dose_is_only_possibly_exposed() -> None:
    more = fact(5, 6, "commissioning", 10, target_unit=4)
    facts = [MADE, SENT, GOT, more, dose(20, 8, 4)]
    touched = impact(facts, 4, at(5.2), at(5.5))
    assert [(one.key, one.certainty) for one in touched.doses] == [(20, "possible")]
    (left,) = touched.left.values()
    assert (left.total, left.exposed, left.unexposed) == (69, 60, 10)


def test_a_dose_from_a_fridge_that_never_saw_the_stock_is_untouched() -> None:
    other = fact(5, 0, "commissioning", 10, target_unit=5)
    touched = impact([MADE, SENT, GOT, other, dose(20, 8, 5)], 4, at(6), at(7))
    assert touched.doses == []


def test_stock_that_arrives_during_the_excursion_is_exposed() -> None:
    touched = impact([MADE, SENT, GOT, dose(20, 8, 4)], 4, at(4), None)
    assert touched.present == 60
    assert [one.certainty for one in touched.doses] == ["certain"]


def test_a_lot_that_left_before_the_excursion_is_untouched() -> None:
    gone = fact(5, 6, "wasting", 60, source_unit=4)
    touched = impact([MADE, SENT, GOT, gone], 4, at(7), at(8))
    assert (touched.present, touched.left) == (0, {})
