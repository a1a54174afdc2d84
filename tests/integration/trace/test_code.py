"""One pack is one pack, and one code all that it may be, however they were written."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.dose import DoseSchema
from tests.integration.capture.test_movement import LOT, STORY, report
from tests.integration.country import NOW
from tests.integration.trace.test_trace import COUNTRY, VAULT, at, give
from traceapp.capture.dose import record_dose
from traceapp.db import Database
from traceapp.rules.spelling import GS
from traceapp.trace.backward import trace_dose
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.code import meanings_of
from traceapp.trace.lookup import resolve
from traceapp.trace.scope import Scope

GTIN, NUMBER = LOT["gtin"], LOT["number"]
WITHOUT = f"01{GTIN}1723041910{NUMBER}21AB1"
WITH = f"01{GTIN}1723041910{NUMBER}{GS}21AB1"
LINK = f"https://id.gs1.org/01/{GTIN}/10/{NUMBER}/21/AB1"
WAYS = (WITH, f"]d2{WITH}", WITHOUT, LINK, f"(01){GTIN}(21)AB1", "AB1", WITH.replace(GS, "<GS>"))


def findings_of(database: Database, dose: str) -> list[str]:
    with database.read() as session:
        trace = trace_dose(session, COUNTRY, dose)
    assert trace is not None
    return [one["code"] for one in trace["findings"]]


def lot_of(database: Database, dose: str) -> str | None:
    with database.read() as session:
        trace = trace_dose(session, COUNTRY, dose)
    assert trace is not None
    return trace["lot"]["number"] if trace["lot"] else None


@pytest.fixture
def told(database: Database) -> Database:
    """The lot came to the clinic; nobody named the pack on the way."""
    for document in STORY:
        report(database, document)
    return database


@pytest.mark.parametrize("second", WAYS)
def test_a_pack_is_used_up_however_it_is_scanned_again(told: Database, second: str) -> None:
    for number, first in enumerate(WAYS):
        # Each pair is a pack of its own, so that one database serves them all.
        serial = f"AB{number + 2}"
        give(told, f"d{number}-1", 5, pack=first.replace("AB1", serial))
        give(told, f"d{number}-2", 6, pack=second.replace("AB1", serial))
        assert "pack_used_up" not in findings_of(told, f"d{number}-1")
        assert "pack_used_up" in findings_of(told, f"d{number}-2"), first
        intended = Intended(gtin=GTIN, lot=NUMBER, pack=second.replace("AB1", serial))
        with told.read() as session:
            check = check_dose(session, intended, at(9))
        assert "pack_used_up" in [one["code"] for one in check["findings"]]


def test_what_all_packs_of_a_lot_bear_alike_uses_nothing_up(told: Database) -> None:
    label = f"01{GTIN}1723041910{NUMBER}"
    for number in range(3):
        give(told, f"d{number}", 5 + number, pack=label)
        assert "pack_used_up" not in findings_of(told, f"d{number}")
        assert lot_of(told, f"d{number}") == NUMBER


@pytest.mark.parametrize("pack", [WITH, WITHOUT, LINK])
def test_a_scan_tells_the_lot_without_anybody_naming_it(told: Database, pack: str) -> None:
    give_pack(told, "d1", 5, pack)
    assert lot_of(told, "d1") == NUMBER
    with told.read() as session:
        check = check_dose(session, Intended(pack=pack), at(4.5))
    assert "lot_unknown" not in [one["code"] for one in check["findings"]]


def give_pack(database: Database, code: str, hour: float, pack: str) -> None:
    """Give a dose of which only the pack is known."""
    dose = {"id": code, "at": at(hour).isoformat(), "site": "CLINIC", "unit": "FRIDGE"}
    recipient = {"document": f"45148119900101{code:>4}", "document_type": "id"}
    with database.begin() as session:
        loaded = DoseSchema().load({**dose, "pack": pack, "recipient": recipient})
        record_dose(session, loaded, VAULT, NOW)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
@pytest.mark.parametrize(
    ("named", "given"),
    [
        ("AB1", "AB1"),
        ("81234567890123456780", "8123 4567 8901 2345 6780"),
        (WITH, "AB1"),
        ("AB1", f"(01){GTIN}(21)AB1"),
        (WITHOUT, LINK),
    ],
)
def test_a_dose_finds_its_lot_when_the_movement_that_names_its_pack_comes_later(
    database: Database, named: str, given: str, order: tuple[int, ...]
) -> None:
    there: list[Any] = [
        lambda: report(database, STORY[0] | {"to": "FRIDGE", "packs": [named]}, site="CLINIC"),
        lambda: give_pack(database, "d1", 100, given),
        lambda: give_pack(database, "d2", 101, given),
    ]
    for step in order:
        there[step]()
    assert [lot_of(database, dose) for dose in ("d1", "d2")] == [NUMBER, NUMBER]
    assert "not_at_site" not in findings_of(database, "d1")
    assert "pack_used_up" in findings_of(database, "d2")


def test_a_label_without_its_separator_waits_for_its_lot_and_is_never_guessed(
    database: Database,
) -> None:
    give_pack(database, "d1", 100, WITHOUT)
    assert lot_of(database, "d1") is None
    assert findings_of(database, "d1") == ["lot_unknown"]
    report(database, STORY[0])
    assert lot_of(database, "d1") == NUMBER
    give(database, "d2", 101, pack=WITH)
    assert "pack_used_up" in findings_of(database, "d2")


def test_a_pack_of_another_lot_stops_the_injection(told: Database) -> None:
    other = {"gtin": GTIN, "number": "OTHER"}
    report(told, STORY[0] | {"id": "m9", "lot": other, "packs": ["81234567890123456700"]})
    for pack in (WITH.replace(NUMBER, "OTHER"), "81234567890123456700"):
        with told.read() as session:
            check = check_dose(session, Intended(gtin=GTIN, lot=NUMBER, pack=pack), at(9))
        assert check["verdict"] == "stop"
        assert "pack_of_other_lot" in [one["code"] for one in check["findings"]]
    give(told, "d1", 5, pack="81234567890123456700")
    assert "pack_of_other_lot" in findings_of(told, "d1")


def test_the_same_serial_of_two_products_is_two_packs(told: Database) -> None:
    give(told, "d1", 5, pack="AB1")
    give(told, "d2", 6, pack="AB1", lot={"gtin": "06901234567908", "number": "L"})
    assert "pack_used_up" not in findings_of(told, "d2")


@pytest.mark.parametrize("code", WAYS)
def test_every_way_to_write_a_pack_leads_to_its_dose(told: Database, code: str) -> None:
    give(told, "d1", 5, pack=WITH)
    give(told, "d2", 6, pack="AB1")
    with told.read() as session:
        found = resolve(session, COUNTRY, code, VAULT)
        elsewhere = resolve(session, Scope("330000"), code, VAULT)
    assert {"d1", "d2"} <= {one["code"] for one in found}
    assert elsewhere == []


def test_a_code_is_found_in_capitals_small_and_wide_letters(told: Database) -> None:
    for code in (NUMBER.lower(), f" {NUMBER}\r\n", "２０２１０５Ｃ０１４７", "fridge", "S1\u200b"):
        with told.read() as session:
            assert resolve(session, COUNTRY, code, VAULT), code


def test_a_product_leads_to_its_lots(told: Database) -> None:
    with told.read() as session:
        [one] = resolve(session, COUNTRY, GTIN[1:], VAULT)
    assert (one["kind"], one["code"]) == ("lot", NUMBER)


def test_of_the_ways_to_part_a_label_the_ones_that_the_record_knows_are_listed(
    told: Database,
) -> None:
    with told.read() as session:
        [known] = meanings_of(session, COUNTRY, WITHOUT)
        assert (known["lot"], known["serial"], known["known"]["lot"]) == (NUMBER, "AB1", True)
        unknown = meanings_of(session, COUNTRY, WITHOUT.replace(NUMBER, "NEVER"))
        assert [one["lot"] for one in unknown] == ["NEVER21AB1", "NEVER"]
    report(told, STORY[0] | {"id": "m9", "lot": {"gtin": GTIN, "number": f"{NUMBER}21AB1"}})
    with told.read() as session:
        both = meanings_of(session, COUNTRY, WITHOUT)
        found = [one["code"] for one in resolve(session, COUNTRY, WITHOUT, VAULT)]
    assert [one["lot"] for one in both] == [f"{NUMBER}21AB1", NUMBER]
    assert sorted(found) == sorted([NUMBER, f"{NUMBER}21AB1"])


def test_what_the_record_does_not_know_says_what_it_is(told: Database) -> None:
    with told.read() as session:
        [lot] = meanings_of(session, COUNTRY, f"(01){GTIN}(10)NEVER")
        assert lot["known"] == {"product": True, "lot": False, "pack": None}
        assert "the lot is not in the record" in lot["text"]
        [product] = meanings_of(session, COUNTRY, "6901234567908")
        assert product["known"]["product"] is False
        [code] = meanings_of(session, COUNTRY, "89999999999999999999")
        assert code["text"].startswith("追溯码：产品标识 8999999；该包装无记录 / Trace code: ")
        [link] = meanings_of(session, COUNTRY, "https://id.gs1.org/AQnYUc1gmiERBhQ")
        assert [one["code"] for one in link["hints"]] == ["compressed_link"]
        assert meanings_of(session, COUNTRY, "nothing at all") == []
        hidden = meanings_of(session, Scope("330000"), f"(01){GTIN}(10){NUMBER}")
        assert hidden[0]["known"]["lot"] is False
