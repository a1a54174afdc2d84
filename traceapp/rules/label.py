"""A pack's code as it was scanned: what is doubtful about it. A doubt is a finding, no refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from traceapp.rules.code import read_code
from traceapp.rules.gs1 import has_right_check_digit
from traceapp.rules.meaning import Meaning
from traceapp.rules.spelling import bare, clean

#: A serial alone, as GS1 has it: at most 20 of its 82 characters. Only letters and digits of them
#: stand on packs alone; a bracket is what is left of a label.
_SERIAL = re.compile(r"[A-Za-z0-9._/-]{1,20}")
#: What is left of a trace code of 20 digits, and of an element string that begins with a GTIN.
_CUT_TRACE_CODE = re.compile(r"8[0-9]{14,18}")
_CUT_LABEL = re.compile(r"01([0-9]{14})")


@dataclass(frozen=True, slots=True)
class Doubts:
    """Codes of findings about a code, and the days of expiry that it may bear."""

    codes: tuple[str, ...] = ()
    expires_on: frozenset[date] = frozenset()


@lru_cache(maxsize=4_096)
def doubts_about_code(text: str) -> Doubts:
    """What is doubtful about the code of a pack, whatever the record knows."""
    meanings = read_code(text)
    named = [one for one in meanings if one.scheme != "text"]
    days = frozenset(one.expires_on for one in named if one.expires_on is not None)
    hints = {hint for one in named for hint in one.hints}
    codes = []
    if _is_unread(text, named):
        codes.append("pack_unread")
    elif named and all(one.pack_key is None for one in named):
        codes.append("pack_not_single")
    if "check_digit" in hints and all("check_digit" in one.hints for one in named):
        codes.append("check_digit")
    if "impossible_date" in hints:
        codes.append("label_day_impossible")
    return Doubts(tuple(codes), days)


def _is_unread(text: str, named: list[Meaning]) -> bool:
    """Whether it names nothing that stands on a pack: cut off, two in one scan, or a typing."""
    body, _ = bare(clean(text))
    digits = re.sub(r"[\s-]", "", body)
    cut = _CUT_LABEL.match(digits)
    if cut and not any(one.is_label for one in named) and has_right_check_digit(cut[1]):
        return True
    if named:
        return False
    return _SERIAL.fullmatch(body) is None or _CUT_TRACE_CODE.fullmatch(digits) is not None
