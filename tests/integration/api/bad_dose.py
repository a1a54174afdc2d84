"""Doses as scanners, tired people and hostile clients send them: what is refused, what is found.

A dose that was given is a fact: only what cannot be read, or cannot be, is refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER

MISSING: Any = object()
LOT = {"gtin": GTIN, "number": NUMBER}
PERSON = {"document": DOCUMENT, "document_type": "resident", "name": "张三丰"}
PASSPORT = {"document": "E1", "document_type": "passport"}


class Refused(NamedTuple):
    """A field with a value, and the message of its refusal, which may name a part of the field."""

    field: str
    value: Any
    named: str
    message: str


_CODE = "Expected 1-64 of A-Z a-z 0-9 . _ -, got "
_NUMBER = "Expected an integer from 1 to 99, got "
_SEEN = "Expected text that shows something, got "
_OFFSET = "Expected a moment with an offset such as +08:00 or Z. Got "
_NONE = "Expected this field, got nothing."
_NULL = "Expected a value, got null."
REFUSED = [
    Refused("at", "2021-05-09T08:00:00", "at", _OFFSET + "2021-05-09T08:00:00."),
    Refused("at", "2206-05-09T08:00:00Z", "at",
            "Expected a moment between the years 1990 and 2200. Got 2206-05-09T08:00:00Z."),
    Refused("at", "2031-05-09T08:00:00Z", "at",
            "Expected a moment at most 24 hours ahead of its arrival, got 2031-05-09T08:00:00Z."),
    Refused("at", "今天", "at",
            "Expected an RFC 3339 moment such as 2021-05-09T08:00:00+08:00. Got 今天."),
    Refused("id", "d2\r", "id", _CODE + "'d2\\r'."),
    Refused("id", 7, "id", _CODE + "7."),
    Refused("site", "接种点", "site", _CODE + "接种点."),
    Refused("site", "CLINIC\u200b", "site", _CODE + "'CLINIC\\u200b'."),
    Refused("unit", "CDC-1", "unit", "Expected a unit of site CLINIC, got CDC-1."),
    Refused("unit", "NONE", "unit", "Expected a unit of site CLINIC, got NONE."),
    Refused("unit", None, "unit", _NULL),
    Refused("dose_number", 0, "dose_number", _NUMBER + "0."),
    Refused("dose_number", -1, "dose_number", _NUMBER + "-1."),
    Refused("dose_number", 100, "dose_number", _NUMBER + "100."),
    Refused("dose_number", 1.0, "dose_number", _NUMBER + "1.0."),
    Refused("dose_number", "1", "dose_number", _NUMBER + '"1".'),
    Refused("dose_number", True, "dose_number", _NUMBER + "true."),
    Refused("dose_number", 2**63, "dose_number", _NUMBER + "9223372036854775808."),
    Refused("lot", MISSING, "lot", "Expected a lot, a pack, or both, got neither."),
    Refused("lot", None, "lot", _NULL),
    Refused("lot", NUMBER, "lot", "Expected a JSON object, got text."),
    Refused("lot", LOT | {"number": "L1 "}, "lot.number", _CODE + "'L1 '."),
    Refused("lot", LOT | {"number": "２０２１"}, "lot.number", _CODE + "２０２１."),
    Refused("lot", LOT | {"gtin": GTIN[1:]}, "lot.gtin", f"Expected 14 digits, got {GTIN[1:]}."),
    Refused("pack", " \r", "pack", _SEEN + "' \\r'."),
    Refused("pack", "\ufeff\x1d", "pack", _SEEN + "'\\ufeff\\x1d'."),
    Refused("pack", "a\0b", "pack", "Expected text without NUL or surrogates, got 'a\\x00b'."),
    Refused("pack", "x" * 129, "pack",
            f"Expected text of 1 to 128 characters, got {'x' * 77}...."),
    Refused("pack", ["A1", "A2"], "pack",
            'Expected text of 1 to 128 characters, got ["A1", "A2"].'),
    Refused("vaccinator", "\u3000", "vaccinator", _SEEN + "'\\u3000'."),
    Refused("route", "", "route", "Expected text of 1 to 64 characters, got ''."),
    Refused("recipient", MISSING, "recipient", _NONE),
    Refused("recipient", None, "recipient", _NULL),
    Refused("recipient", "张三 4514", "recipient", "Expected a JSON object, got text."),
    Refused("recipient", [PERSON], "recipient", "Expected a JSON object, got a list."),
    Refused("recipient", {"document_type": "resident"}, "recipient.document", _NONE),
    Refused("recipient", PERSON | {"document": None}, "recipient.document", _NULL),
    Refused("recipient", PERSON | {"document": "\u200b"}, "recipient.document",
            "Expected text that shows something."),
    Refused("recipient", PERSON | {"document": "a\0b"}, "recipient.document",
            "Expected text without NUL or surrogates."),
    Refused("recipient", PERSON | {"document_type": " "}, "recipient.document_type",
            "Expected text that shows something."),
    Refused("recipient", PERSON | {"born_on": "1990-13-01"}, "recipient.born_on",
            "Expected a day that exists in the calendar."),
    Refused("recipient", PERSON | {"sex": "男"}, "recipient.sex",
            "Expected one of male, female, other, unknown."),
    Refused("recipient", PERSON | {"phone": "139"}, "recipient.phone", "Unknown field."),
    Refused("colour", "red", "colour", "Unknown field."),
    Refused("void", True, "void", "Expected no such field without corrects."),
    Refused("reason", "x", "reason", "Expected no such field without corrects."),
    Refused("corrects", "d1", "corrected_at",
            "Expected when it was found to be wrong, got nothing."),
]  # fmt: skip


class Found(NamedTuple):
    """A field with a value, and the findings that it must have beside those of the good dose."""

    field: str
    value: Any
    codes: set[str]


_LABEL = f"(01){GTIN}(17)220501(10){NUMBER}(21)"
_SCAN = f"01{GTIN}1722050110{NUMBER}"
FOUND = [
    # What a scanner sends of a good label is a good label.
    Found("pack", f"]d2{_SCAN}\x1d21G1", set()),
    Found("pack", f"]C1{_SCAN}\x1d21G2", set()),
    Found("pack", f"{_SCAN}^21G3", set()),
    Found("pack", f"\x02{_SCAN}\x1d21G4\x03\r", set()),
    Found("pack", f"\ufeff{_SCAN}\xa021G5\u200b", set()),
    Found("pack", "".join(chr(ord(one) + 0xFEE0) for one in f"{_LABEL}G6"), set()),
    Found("pack", "8" + "1" * 19 + "\r\n", set()),
    Found("pack", "G7", set()),
    # What is cut off, mistyped or two in one is a finding.
    Found("pack", f"{_LABEL}A1{_LABEL}A2", {"pack_unread"}),
    Found("pack", "8" + "2" * 19 + "8" + "3" * 19, {"pack_unread"}),
    Found("pack", "8" + "2" * 19 + "\r8" + "3" * 19, {"pack_unread"}),
    Found("pack", "8" + "4" * 18, {"pack_unread"}),
    Found("pack", "8" + "4" * 20, {"pack_unread"}),
    Found("pack", f"(01){GTIN}(17)2205", {"pack_unread"}),
    Found("pack", f"{_SCAN[:20]}", {"pack_unread"}),
    Found("pack", f"]d2{_SCAN[:22]}", {"pack_unread"}),
    Found("pack", "盒子上没有码", {"pack_unread"}),
    Found("pack", "'; DROP TABLE dose; --", {"pack_unread"}),
    Found("pack", "<script>alert(1)</script>", {"pack_unread"}),
    Found("pack", f"(01){GTIN}(17)220501(10){NUMBER}", {"pack_not_single"}),
    Found("pack", GTIN[1:], {"pack_not_single"}),
    Found("pack", f"(01)06901234567891(17)220501(10){NUMBER}(21)A3",
          {"check_digit", "pack_of_other_lot"}),
    Found("pack", f"(01){GTIN}(17)221301(10){NUMBER}(21)A4", {"label_day_impossible"}),
    Found("pack", f"(01){GTIN}(17)230105(10){NUMBER}(21)A5", {"label_expiry_differs"}),
    Found("pack", f"(01){GTIN}(17)210501(10){NUMBER}(21)A6",
          {"label_expiry_differs", "lot_expired"}),
    Found("pack", f"{_SCAN.lower()}\x1d21A7".replace("L1", "l1"), {"pack_of_other_lot"}),
    Found("lot", LOT | {"number": "l1"}, {"lot_unknown", "not_at_site"}),
    Found("lot", LOT | {"gtin": "06901234567891"}, {"lot_unknown", "not_at_site", "check_digit"}),
    Found("at", "1991-05-09T08:00:00Z", {"not_at_site"}),
    Found("recipient", PASSPORT | {"born_on": "2021-05-10"}, {"born_on_impossible"}),
    Found("recipient", PASSPORT | {"born_on": "0001-01-01"},
          {"born_on_impossible", "recipient_differs", "dose_repeated"}),
    Found("recipient", PERSON, {"dose_repeated"}),
    Found("dose_number", MISSING, set()),
    Found("recipient", {"document": "TWICE", "document_type": "passport"}, set()),
    Found("recipient", {"document": "ＴＷＩＣＥ ", "document_type": "passport"}, {"dose_repeated"}),
    Found("vaccinator", "=cmd|' /C calc'!A0", set()),
    Found("body_site", "<b>左臂</b>", set()),
    Found("corrects", "nobody", {"correction_waits"}),
]  # fmt: skip
