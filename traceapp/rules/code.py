"""Any code in hand: all that it may mean, nothing guessed."""

from __future__ import annotations

import re

from traceapp.rules.gs1 import (
    has_right_check_digit,
    read_bracketed,
    read_digital_link,
    read_element_strings,
)
from traceapp.rules.meaning import Meaning
from traceapp.rules.spelling import LONGEST, bare, clean, separated

_GTIN_LENGTHS = (8, 12, 13, 14)
_SSCC_LENGTH = 18
# NMPAB/T 1002: 20 characters, the first seven are the product. Those of 码上放心 are digits that
# begin with 8. Their check cannot be verified without its makers.
_TRACE_CODE = re.compile(r"[0-9A-Za-z]{20}")
_TRACE_PRODUCT = 7
_GROUPED = re.compile(r"[\s-]")


def read_code(text: str) -> list[Meaning]:
    """Every meaning of a code, the most telling first; the text itself is always the last.

    Empty for a text without a character, or with more than `LONGEST`.
    """
    code = clean(text)
    if not code or len(text) > LONGEST:
        return []
    body, is_of_gs1 = bare(code)
    labels = _labels(code)
    # A symbol that says of itself that it is GS1's is no other number.
    numbers = [] if labels and is_of_gs1 else _numbers(body)
    return list(dict.fromkeys([*labels, *numbers, Meaning("text", body or code)]))


def product_of_trace_code(code: str) -> str:
    """The first seven characters of a trace code of 20, which name the product."""
    return code[:_TRACE_PRODUCT]


def _labels(code: str) -> list[Meaning]:
    body, is_scanned = bare(code)
    if "/" in body and (link := read_digital_link(body)) is not None:
        return [link]
    ways = separated(body)
    if body.startswith(("(", "[")):
        found = [read_bracketed(way) for way in ways]
        return [one for one in found if one is not None][:1]
    for way in ways:
        if meanings := read_element_strings(way, is_scanned):
            return meanings
    return []


def _numbers(body: str) -> list[Meaning]:
    digits = _GROUPED.sub("", body)
    if not (digits.isascii() and digits.isdigit()):
        return [Meaning("trace_code", body)] if _TRACE_CODE.fullmatch(body) else []
    if _TRACE_CODE.fullmatch(digits):
        return [Meaning("trace_code", digits)]
    hints = () if has_right_check_digit(digits) else ("check_digit",)
    if len(digits) in _GTIN_LENGTHS:
        return [Meaning("gtin", digits, gtin=digits.zfill(14), hints=hints)]
    if len(digits) == _SSCC_LENGTH:
        return [Meaning("sscc", digits, sscc=digits, hints=hints)]
    return []
