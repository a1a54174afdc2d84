"""Strict marshmallow fields: each accepts what the contract names and explains the rest.

Every error message says what was expected; `got()` says what came.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import ValidationError, fields

CODE = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
MAX_INTEGER = 2**63 - 1
_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
).fullmatch
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?\Z", re.ASCII)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST_GOT = 80
_NOT_TEXT = re.compile(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?|true|false|null")
#: Letters that nobody sees: spaces, controls, marks of direction and joining, halves of letters.
_UNSEEN = frozenset(("Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn"))


def got(value: Any, *, is_text_expected: bool = True) -> str:
    """What came, short enough for a message; what nobody sees in a text is spelled out.

    Where a number or a flag was expected, a text that reads like one stands in quotes.
    """
    if not isinstance(value, str) or not (is_text_expected or _NOT_TEXT.fullmatch(value) is None):
        shown = _as_json(value)
    elif value and value.isprintable() and value == value.strip():
        shown = value
    else:
        shown = repr(value[: _LONGEST_GOT + 1])
    return shown if len(shown) <= _LONGEST_GOT else shown[: _LONGEST_GOT - 3] + "..."


def _other(value: Any) -> str:
    return got(value, is_text_expected=False)


def _as_json(value: Any) -> str:
    """A value as whoever sent it wrote it."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # Python spells no integer of 5,000 digits.
        return type(value).__name__


def is_seen(text: str) -> bool:
    """Whether a text shows anything to whoever reads it."""
    return any(unicodedata.category(letter) not in _UNSEEN for letter in text)


def parse_moment(text: str) -> datetime:
    """An RFC 3339 moment with its offset, as an aware datetime in UTC (microseconds kept).

    Raises ValueError that says what was expected.
    """
    found = _MOMENT(text)
    if found is None:
        if _NAIVE.match(text):
            raise ValueError("Expected a moment with an offset such as +08:00 or Z.")
        raise ValueError("Expected an RFC 3339 moment such as 2021-05-09T08:00:00+08:00.")
    if found[2]:  # Python keeps six digits of a second; what lies below is cut, not rounded.
        text = f"{found[1]}{found[2][:7]}{found[3]}"
    try:
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("Expected a moment that exists in the calendar.") from error
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError("Expected a moment between the years 1990 and 2200.")
    return moment


def format_moment(moment: datetime) -> str:
    """RFC 3339 in UTC with `Z`; fractions of a second only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def plain_spelling(text: str) -> str:
    """The spelling under which a name or a number counts as the same one.

    In capitals, full-width letters and digits (what Chinese keyboards type) as plain ones, and
    without spaces or anything else that nobody sees.
    """
    if text.isascii() and text.isalnum():
        return text.upper()
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] not in "ZC")


class Moment(fields.Field[datetime]):
    """An RFC 3339 moment with an offset, loaded as aware UTC and dumped with `Z`."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else format_moment(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise ValidationError(f"Expected an RFC 3339 moment, got {got(value)}.")
        try:
            return parse_moment(value)
        except ValueError as error:
            raise ValidationError(f"{error.args[0]} Got {got(value)}.") from error


class Day(fields.Field[date]):
    """A calendar day, `YYYY-MM-DD`, from `least` to `most`."""

    def __init__(self, least: date = date.min, most: date = date.max, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d\Z", value, re.ASCII):
            try:
                day = date.fromisoformat(value)
            except ValueError:
                raise ValidationError(
                    f"Expected a day that exists in the calendar, got {got(value)}."
                ) from None
            if self.least <= day <= self.most:
                return day
            raise ValidationError(
                f"Expected a day from {self.least} to {self.most}, got {got(value)}."
            )
        raise ValidationError(f"Expected a day such as 2021-05-09, got {got(value)}.")


class Text(fields.Field[str]):
    """Text of 1 to `longest` characters that shows something, without NUL or lone surrogates."""

    def __init__(self, longest: int = 256, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest
        self.metadata = {"maxLength": longest, **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= self.longest:
            raise ValidationError(
                f"Expected text of 1 to {self.longest} characters, got {got(value)}."
            )
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ValidationError(f"Expected text without NUL or surrogates, got {got(value)}.")
        if not is_seen(value):
            raise ValidationError(f"Expected text that shows something, got {got(value)}.")
        return value


class Code(fields.Field[str]):
    """A code: 1 to 64 of `A-Z a-z 0-9 . _ -`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not CODE.match(value):
            raise ValidationError(f"Expected 1-64 of A-Z a-z 0-9 . _ -, got {got(value)}.")
        return value


class Digits(fields.Field[str]):
    """A code of decimal digits whose length is one of `lengths` (GTIN-14, GB/T 2260 …)."""

    def __init__(self, *lengths: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lengths = lengths

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        is_right = isinstance(value, str) and value.isascii() and value.isdigit()
        if not is_right or len(value) not in self.lengths:
            wanted = " or ".join(str(length) for length in self.lengths)
            raise ValidationError(f"Expected {wanted} digits, got {got(value)}.")
        return str(value)


class Number(fields.Field[float]):
    """A finite JSON number between `least` and `most`; no text, no true or false."""

    def __init__(self, least: float = -1e300, most: float = 1e300, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not self.least <= value <= self.most:
            limits = "" if self.most >= 1e300 else f" from {self.least:g} to {self.most:g}"
            raise ValidationError(f"Expected a finite number{limits}, got {_other(value)}.")
        return float(value)


class Whole(fields.Field[int]):
    """A JSON integer between `least` and `most`, at most 64 bits; no text, no true or false."""

    def __init__(self, least: int = -MAX_INTEGER - 1, most: int = MAX_INTEGER, **kwargs: Any):
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not self.least <= value <= self.most:
            raise ValidationError(
                f"Expected an integer from {self.least} to {self.most}, got {_other(value)}."
            )
        return int(value)


class Flag(fields.Field[bool]):
    """true or false and nothing that merely looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(f"Expected true or false, got {_other(value)}.")
        return value


class Choice(fields.Field[str]):
    """One word of a fixed list."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = words
        self.metadata = {"enum": list(words), **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValidationError(f"Expected one of {', '.join(self.words)}, got {got(value)}.")
        return value
