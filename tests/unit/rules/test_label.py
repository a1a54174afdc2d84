"""What is doubtful about a pack's code, by its form alone."""

from __future__ import annotations

from datetime import date

import pytest

from traceapp.rules.label import doubts_about_code

LABEL = "(01)06901234567892(17)220501(10)L1(21)"


@pytest.mark.parametrize(
    "text", ["AB1", "2021-07/15", "8" + "1" * 19, "8123 4567-8901 2345 6789", f"\x02{LABEL}A\x03"]
)
def test_what_names_one_pack_is_not_doubted(text: str) -> None:
    assert doubts_about_code(text).codes == ()


@pytest.mark.parametrize(
    "text",
    [
        "8" + "1" * 18,
        "8" + "1" * 39,
        "(01)0690123456",
        "010690123456789217220",
        f"{LABEL}A{LABEL}B",
        "A1 A2",
        "条码",
        "\ufffd\ufffd",
    ],
)
def test_what_is_cut_off_or_two_in_one_is_read_as_no_pack(text: str) -> None:
    assert doubts_about_code(text).codes == ("pack_unread",)


@pytest.mark.parametrize("text", ["06901234567892", "(01)06901234567892(10)L1"])
def test_what_all_packs_bear_alike_is_no_single_one(text: str) -> None:
    assert doubts_about_code(text).codes == ("pack_not_single",)


def test_a_wrong_check_digit_and_a_day_that_does_not_exist_are_told() -> None:
    wrong = doubts_about_code("(01)06901234567891(17)221301(21)A")
    assert wrong.codes == ("check_digit", "label_day_impossible")
    assert wrong.expires_on == frozenset()


def test_the_days_of_expiry_on_a_label_are_told() -> None:
    assert doubts_about_code(f"{LABEL}A").expires_on == {date(2022, 5, 1)}
    # A label that lost its separators may be parted in several ways, all with the same day.
    assert doubts_about_code("01069012345678921722050010L121A").expires_on == {date(2022, 5, 31)}
