"""Resident identity numbers, GB 11643: what is doubtful about one, and what must not be."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.dose import Recipient, spell_document
from traceapp.rules.document import doubts_about

# The example of GB 11643-1999, and numbers of divisions that nobody has.
GOOD = ["11010519491231002X", "440524188001010014", "999999199001015458"]
TODAY = date(2021, 5, 9)


def doubts(document: str, kind: str = "resident_id", **more: object) -> list[str]:
    return doubts_about(Recipient(document, kind, **more), TODAY)  # type: ignore[arg-type]  # a shorthand


@pytest.mark.parametrize("number", GOOD)
def test_a_right_number_is_not_doubted_wherever_its_division_is(number: str) -> None:
    assert doubts(number) == []


def test_spelling_is_no_reason_to_doubt() -> None:
    assert doubts("１１０１０５ 19491231 002ｘ") == []
    assert spell_document("１１０１０５ 19491231\u200b 002ｘ") == GOOD[0]


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_digit_anywhere_is_found(place: int) -> None:
    number = GOOD[0]
    wrong = "0" if number[place] == "1" else "1"
    assert doubts(number[:place] + wrong + number[place + 1 :]) == ["document_invalid"]


def test_two_neighbours_changed_about_are_found() -> None:
    number = GOOD[2]
    for place in range(17):
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        if swapped != number:
            assert doubts(swapped) == ["document_invalid"], place


@pytest.mark.parametrize(
    "document",
    [
        "130503670401001",  # of the first generation, 15 places, not valid since 2013
        "110105194912310021",  # the right length, another check digit
        "999999199013320003",  # a right check digit, and a thirteenth month
        "X" * 18,
        "1",
        "²" * 18,
        "11010519491231002XX",
    ],
)
def test_what_is_no_number_at_all_is_doubted_and_never_raises(document: str) -> None:
    assert doubts(document) == ["document_invalid"]


def test_nobody_is_born_after_the_injection() -> None:
    recipient = Recipient(GOOD[2], "resident_id")
    assert doubts_about(recipient, date(1990, 1, 1)) == []
    assert doubts_about(recipient, date(1989, 12, 31)) == ["document_invalid"]


def test_a_date_of_birth_and_a_sex_that_contradict_the_number_are_found() -> None:
    assert doubts(GOOD[0], born_on=date(1949, 12, 31), sex="female") == []
    assert doubts(GOOD[0], born_on=date(1949, 12, 30)) == ["born_on_differs"]
    assert doubts(GOOD[0], sex="male") == ["sex_differs"]
    assert doubts(GOOD[0], born_on=date(2000, 1, 1), sex="male") == [
        "born_on_differs",
        "sex_differs",
    ]
    for sex in ("other", "unknown", None):
        assert doubts(GOOD[0], sex=sex) == []


@pytest.mark.parametrize("kind", ["passport", "birth_certificate", "", "residence_permit"])
def test_other_documents_are_not_checked(kind: str) -> None:
    assert doubts("E12345678", kind) == []


@pytest.mark.parametrize("kind", ["resident_id", "Resident", " ID_CARD ", "身份证", "０１"])
def test_a_resident_number_is_known_by_each_of_its_names(kind: str) -> None:
    assert doubts("1", kind) == ["document_invalid"]


@pytest.mark.parametrize("born_on", [date(2021, 5, 10), date(1, 1, 1), date(1895, 1, 1)])
def test_a_day_of_birth_that_cannot_be_is_found_whatever_the_document(born_on: date) -> None:
    on = date(2021, 5, 9)
    for kind in ("passport", "resident_id"):
        told = Recipient("E12345678", kind, born_on=born_on)
        assert "born_on_impossible" in doubts_about(told, on)
    assert doubts_about(Recipient("E1", "passport", born_on=on), on) == []
    assert doubts_about(Recipient("E1", "passport", born_on=date(1897, 1, 1)), on) == []
