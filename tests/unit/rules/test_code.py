"""Codes as labels bear them and as keyboards, scanners and people pass them on."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from traceapp.rules.code import product_of_trace_code, read_code
from traceapp.rules.gs1 import as_bracketed, compose, has_right_check_digit
from traceapp.rules.meaning import HINTS, SCHEMES, Meaning
from traceapp.rules.spelling import GS, LONGEST

GTIN = "06901234567892"
LABEL = f"01{GTIN}17260501102105C{GS}21AB1"
_VALUE = "".join(chr(code) for code in range(0x21, 0x7B) if chr(code) not in "#$@[\\]^`")


def keys_of(text: str) -> set[str | None]:
    return {one.pack_key for one in read_code(text) if one.is_label}


@pytest.mark.parametrize(
    "text",
    [
        LABEL,
        f"]d2{LABEL}",
        f"]Q3{LABEL}",
        f"]C1{GS}{LABEL}\r\n",
        *(
            LABEL.replace(GS, written)
            for written in (
                *("<GS>", "{GS}", "[gs]", "\\x1d", "\\u001d", "^]", "~1", "~d029", "\u241d"),
                *("<FNC1>", "{FNC1}", "FNC1", " ", "|", "#", "\x1e", "%1D", "&#29;"),
            )
        ),
        f"\ufeff  {LABEL.replace(GS, '<GS>')}\u200b\t",
        "".join(chr(ord(letter) + 0xFEE0) for letter in LABEL.replace(GS, "|")),
        f"(01){GTIN}(17)260501(10)2105C(21)AB1",
        f"[01]{GTIN}[17]260501[10]2105C[21]AB1",
        f"（０１）{GTIN[:4]} {GTIN[4:]}（１７）２６０５０１（１０）２１０５Ｃ（２１）ＡＢ１",
        f"https://id.gs1.org/01/{GTIN}/10/2105C/21/AB1?17=260501",
        f"HTTPS://ID.GS1.ORG/01/{GTIN}/21/AB1/10/2105C?17=260501",
        f"https://vaccine.example/p/255/01/{GTIN[1:]}/10/2105C?17=260501&21=AB1&lang=zh#top",
        f"id.gs1.org/gtin/{GTIN}/lot/2105C/ser/AB1?exp=260501",
        f"http://example.org:8080/01/{GTIN}/10/%32105C/21/%41B1/?17=260501",
    ],
)
def test_a_label_is_one_pack_however_it_was_passed_on(text: str) -> None:
    first, *rest = read_code(text)
    assert (first.gtin, first.lot, first.serial) == (GTIN, "2105C", "AB1")
    assert first.expires_on == date(2026, 5, 1)
    assert first.pack_key == f"s:{GTIN}:AB1"
    assert [one.scheme for one in rest] == ["text"]


def test_a_lost_separator_leaves_every_way_to_part_what_follows() -> None:
    found = [one for one in read_code(LABEL.replace(GS, "")) if one.is_label]
    assert {(one.lot, one.serial) for one in found} == {("2105C21AB1", None), ("2105C", "AB1")}
    assert all("separator_lost" in one.hints for one in found)
    swallowed = [one.lot for one in read_code(f"01{GTIN}10L117260500")]
    assert swallowed[:2] == ["L117260500", "L1"]


def test_nothing_is_parted_where_a_separator_came_or_nothing_can_have_been_swallowed() -> None:
    assert len([one for one in read_code(LABEL) if one.is_label]) == 1
    assert len([one for one in read_code(f"01{GTIN}17260501102105C") if one.is_label]) == 1


def test_the_day_of_a_month_without_a_day_is_its_last() -> None:
    assert read_code(f"(01){GTIN}(17)240200")[0].expires_on == date(2024, 2, 29)


def test_what_is_odd_is_a_hint_and_no_refusal() -> None:
    [wrong, _] = read_code("6901234567893")
    assert (wrong.gtin, wrong.hints) == ("06901234567893", ("check_digit",))
    [wrong, _] = read_code(f"(01){GTIN[:-1]}3(10)L1(17)269900")
    assert (wrong.lot, wrong.expires_on) == ("L1", None)
    assert wrong.hints == ("check_digit", "impossible_date")
    [never, _] = read_code(f"(01){GTIN}(17)260231")
    assert (never.expires_on, never.hints) == (None, ("impossible_date",))


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("012345678905", "00012345678905"),
        ("6901234567892", GTIN),
        ("690-1234-567892", GTIN),
        ("]E06901234567892", GTIN),
        (GTIN, GTIN),
    ],
)
def test_a_gtin_of_any_length_is_a_product_and_no_pack(text: str, gtin: str) -> None:
    first = read_code(text)[0]
    assert (first.scheme, first.gtin, first.hints, first.pack_key) == ("gtin", gtin, (), None)


def test_what_all_packs_of_a_lot_bear_alike_names_no_pack() -> None:
    assert keys_of(f"(01){GTIN}(10)L1(17)260501") == {None}


def test_cases_and_boxes_that_come_back_have_names_of_their_own() -> None:
    for text in ("00123456789012345675", "(00)123456789012345675", "123456789012345675"):
        assert f"c:{'123456789012345675'}" in keys_of(text)
    assert keys_of(f"8003{GTIN}BOX1") == {f"a:{GTIN}BOX1"}
    assert keys_of(f"(8003){GTIN}") == {None}


def test_a_trace_code_is_itself_whatever_else_it_may_be() -> None:
    for text in (
        "81234567890123456789",
        "8123 4567 8901 2345 6789",
        "８１２３４５６７８９０１２３４５６７８９",
    ):
        [first, *_] = read_code(text)
        assert (first.scheme, first.pack_key) == ("trace_code", "t:81234567890123456789")
    assert product_of_trace_code("81234567890123456789") == "8123456"
    schemes = [one.scheme for one in read_code("00123456789012345675")]
    assert schemes == ["element_string", "trace_code", "text"]


def test_a_lot_number_is_a_text_and_nothing_else() -> None:
    for number in ("202105C0147", "2021040071C", "L1", "10ABC", "01-2021"):
        assert [one.scheme for one in read_code(number)] == ["text"]


def test_a_compressed_link_says_why_it_is_not_read() -> None:
    [first, _] = read_code("https://id.gs1.org/AQnYUc1gmiERBhQ")
    assert (first.scheme, first.gtin, first.hints) == ("digital_link", None, ("compressed_link",))


def test_another_address_is_only_a_text() -> None:
    for text in ("https://example.org/a", "https://[oops/01/", "ftp://h/01/06901234567892", "a/b"):
        assert [one.scheme for one in read_code(text)] == ["text"]


def test_two_different_lots_on_one_label_are_no_label() -> None:
    assert [one.scheme for one in read_code(f"(01){GTIN}(10)A(10)B")] == ["text"]


@st.composite
def labels(draw: st.DrawFn) -> Meaning:
    """Any label that we could print."""
    digits = draw(st.text("0123456789", min_size=13, max_size=13))
    gtin = next(digits + last for last in "0123456789" if has_right_check_digit(digits + last))
    value = st.none() | st.text(_VALUE, min_size=1, max_size=20)
    day = st.none() | st.dates(date(2000, 1, 1), date(2060, 12, 31))
    return Meaning("element_string", "", gtin, draw(value), draw(value), draw(day), draw(day))


@given(labels())
def test_what_was_composed_is_read_back(label: Meaning) -> None:
    wanted = (label.gtin, label.lot, label.serial, label.expires_on, label.made_on)
    ends = {ai: GS if ai in ("10", "21") else "" for ai in ("01", "10", "11", "17", "21")}
    text = "".join(f"{ai}{value}{ends[ai]}" for ai, value in compose(label)).removesuffix(GS)
    for way in (text, f"]d2{text}", f"{text}{GS}91X"):
        found = read_code(way)
        said = [(m.gtin, m.lot, m.serial, m.expires_on, m.made_on) for m in found]
        assert wanted in said
    if label.lot is not None and label.serial is not None:
        assert read_code(text)[1].scheme == "text"


@given(labels())
def test_what_people_read_under_the_symbol_is_read_back(label: Meaning) -> None:
    values = f"{label.lot}{label.serial}"
    if not any(letter in values for letter in "()"):
        first = read_code(as_bracketed(compose(label)))[0]
        assert (first.gtin, first.lot, first.serial) == (label.gtin, label.lot, label.serial)


_PIECES = st.sampled_from(
    [
        *("01", "10", "21", "17", "00", "240", "8003", GTIN, "260501", GS, "(", ")", "[", "]d2"),
        *("~1", "https://", "id.gs1.org/", "/", "%", "?", "FNC1", " ", "２", "\udc80"),
    ]
)


@given(st.text(max_size=LONGEST) | st.lists(_PIECES | st.text(max_size=3)).map("".join))
@example("01" + GTIN + "10" + "212121" * 30)
@example("01" + GTIN + "1021240112117" * 18)
@example("https://[")
@example("(")
@example("]d2")
@example("7")
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    found = read_code(text[:LONGEST])
    assert all(one.scheme in SCHEMES and set(one.hints) <= set(HINTS) for one in found)
    assert len(found) <= 70
    assert not found or found[-1].scheme == "text"


def test_a_text_that_is_too_long_or_empty_means_nothing() -> None:
    assert read_code("1" * (LONGEST + 1)) == read_code("") == read_code(" \u200b\n") == []
