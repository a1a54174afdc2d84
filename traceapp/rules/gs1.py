"""GS1 element strings and Digital Links, read with biip and more patiently than it reads.

Source: GS1 General Specifications (AI 00, 01, 10, 11, 17, 21, 240, 8003; FNC1; check digits);
GS1 Digital Link URI syntax 1.2. biip knows each AI's pattern; what we add is what becomes of
these texts on their way through scanners, keyboards and people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qsl, unquote, urlsplit

from biip import ParseConfig, ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message

from traceapp.rules.meaning import Meaning
from traceapp.rules.spelling import GS

_Pairs = list[tuple[str, str]]
_KEYS = ("00", "01", "8003")
_READ = {"00", "01", "10", "11", "17", "21", "8003"}
_NAMES = {"gtin": "01", "lot": "10", "ser": "21", "exp": "17", "sscc": "00", "grai": "8003"}
_BRACKETED = re.compile(r"[(\[](\d{2,4})[)\]]")
_PATIENT = ParseConfig(gs1_element_strings_verify_date=False)
# What stands on packs of vaccine behind a lot or a serial, and how long it is.
_FIXED = {"11": 6, "17": 6}
_OPEN = {"10": 20, "21": 20, "240": 30}
_MOST_SPLITS = 64
_MOST_STEPS = 2_000


def read_element_strings(body: str, is_scanned: bool) -> list[Meaning]:
    """Every meaning of an element string without brackets; none where it is no such thing.

    A text without any separator may have lost one: then a lot may have swallowed what stands
    behind it, and each way to part them is a meaning of its own. A scanner that names the
    symbology may read a lot alone; typed text needs a key: it may be anything else.
    """
    if not is_scanned and not body.startswith(_KEYS):
        return []
    ways = [pairs for pairs in (_whole(body),) if pairs is not None]
    if GS not in body:
        ways += [pairs for pairs in _splits(body) if pairs not in ways]
    found = [_meaning("element_string", pairs) for pairs in ways]
    meanings = [one for one in found if one is not None]
    if len(meanings) < 2:
        return meanings
    return [replace(one, hints=(*one.hints, "separator_lost")) for one in meanings]


def read_bracketed(text: str) -> Meaning | None:
    """The meaning of what stands under a symbol for people: `(01)06901234567892(10)L1`."""
    start, *rest = _BRACKETED.split("".join(text.split()))
    if start or not rest:
        return None
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    return _meaning("element_string", [(ai, value.strip(GS)) for ai, value in pairs])


def read_digital_link(text: str) -> Meaning | None:
    """The meaning of a GS1 Digital Link of any domain; None where it is another address."""
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:  # Brackets that are no IPv6 address.
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    path = parts.path.strip("/").split("/")
    # A domain may keep its links below a path of its own: the last key begins the link.
    starts = [place for place, name in enumerate(path[:-1]) if _ai(name) in _KEYS]
    if not starts:
        is_dense = re.fullmatch(r"[A-Za-z0-9_-]{10,}", path[-1]) and parts.netloc.endswith(
            "gs1.org"
        )
        hints = ("compressed_link",)
        return Meaning("digital_link", text, hints=hints) if is_dense else None
    link = path[starts[-1] :]
    named = [
        (_ai(name), unquote(value)) for name, value in zip(link[::2], link[1::2], strict=False)
    ]
    named += [(_ai(name), value) for name, value in parse_qsl(parts.query)]
    return _meaning("digital_link", [(ai, value) for ai, value in named if ai in _READ])


def has_right_check_digit(digits: str) -> bool:
    """Whether the last digit of a GTIN, SSCC or GRAI is the one that the others give.

    One digit alone has no others: it is no check digit.
    """
    return len(digits) > 1 and digits[-1] == str(gs1_standard_check_digit(digits[:-1]))


def compose(meaning: Meaning) -> list[tuple[str, str]]:
    """What a label of ours says, AI by AI, in the order in which packs bear it."""
    parts = [
        ("00", meaning.sscc),
        ("8003", meaning.asset),
        ("01", meaning.gtin),
        ("11", _spelled(meaning.made_on)),
        ("17", _spelled(meaning.expires_on)),
        ("10", meaning.lot),
        ("21", meaning.serial),
    ]
    return [(ai, value) for ai, value in parts if value is not None]


def is_allowed(pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether each value is one that its AI may have."""
    return all(_element(ai, value) is not None for ai, value in pairs)


def as_bracketed(pairs: Iterable[tuple[str, str]]) -> str:
    """The text that stands under the symbol for people."""
    return "".join(f"({ai}){value}" for ai, value in pairs)


def _ai(name: str) -> str:
    return _NAMES.get(name.lower(), name)


def _spelled(day: date | None) -> str | None:
    return day.strftime("%y%m%d") if day else None


def _whole(body: str) -> _Pairs | None:
    """The elements as they stand, each open value as long as it can be."""
    try:
        strings = GS1Message.parse(body, config=_PATIENT).element_strings
    except (ParseError, ValueError):
        return None
    return [(one.ai.ai, one.value) for one in strings]


def _splits(body: str) -> Iterator[_Pairs]:
    """Each way to part a text without separators into elements that packs of vaccine bear."""
    left: list[tuple[str, _Pairs]] = [(body, [])]
    found = 0
    for _ in range(_MOST_STEPS):
        if not left or found == _MOST_SPLITS:
            return
        rest, pairs = left.pop()
        if not rest:
            found += 1
            yield pairs
            continue
        left += list(_next(rest, pairs))


def _next(rest: str, pairs: _Pairs) -> Iterator[tuple[str, _Pairs]]:
    used = {ai for ai, _ in pairs}
    if not pairs:
        for ai, length in (("01", 14), ("00", 18)):
            value = rest[2 : 2 + length]
            if rest.startswith(ai) and len(value) == length and _is_digits(value):
                yield rest[2 + length :], [(ai, value)]
        return
    for ai, length in _FIXED.items():
        value = rest[2 : 2 + length]
        if rest.startswith(ai) and ai not in used and _day(value) is not None:
            yield rest[2 + length :], [*pairs, (ai, value)]
    for ai, longest in _OPEN.items():
        if not rest.startswith(ai) or ai in used:
            continue
        body = rest[len(ai) :]
        for end in range(1, min(longest, len(body)) + 1):
            after = body[end:]
            if not after or after.startswith((*_FIXED, *_OPEN)):
                yield after, [*pairs, (ai, body[:end])]


def _meaning(scheme: str, pairs: _Pairs) -> Meaning | None:
    """The meaning of elements; None where one is impossible, or said twice and differently."""
    values: dict[str, str] = {}
    for ai, value in pairs:
        full = value.zfill(14) if ai == "01" and len(value) in (8, 12, 13) else value
        is_date = ai in _FIXED and len(full) == _FIXED[ai] and _is_digits(full)
        if not (is_date or _element(ai, full)) or values.setdefault(ai, full) != full:
            return None
    if not _READ & values.keys():
        return None
    dates = {ai: _day(values[ai]) for ai in _FIXED if ai in values}
    keys = [values[ai][:14] if ai == "8003" else values[ai] for ai in _KEYS if ai in values]
    hints = []
    if not all(has_right_check_digit(key) for key in keys):
        hints.append("check_digit")
    if None in dates.values():
        hints.append("impossible_date")
    return Meaning(
        scheme,
        as_bracketed(values.items()),
        gtin=values.get("01"),
        lot=values.get("10"),
        serial=values.get("21"),
        expires_on=dates.get("17"),
        made_on=dates.get("11"),
        sscc=values.get("00"),
        asset=values.get("8003"),
        hints=tuple(hints),
    )


def _element(ai: str, value: str) -> GS1ElementString | None:
    try:
        found = GS1ElementString.parse(f"{ai}{value}", config=_PATIENT)
    except (ParseError, ValueError):
        return None
    return found if found.ai.ai == ai else None


def _day(value: str) -> date | None:
    found = _element("17", value)
    return found.date if found else None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
