"""How keyboards, scanners and people spell a code: cleaned, with GS1's separator found again."""

from __future__ import annotations

import re

#: What GS1 puts behind a value of open length: FNC1 in the symbol, this character in the text.
GS = "\x1d"
#: The longest code that is looked at, in characters.
LONGEST = 256

_FULL_WIDTH = {0xFF01 + place: 0x21 + place for place in range(94)} | {0x3000: " ", 0x00A0: " "}
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065)]
)
_TABLE: dict[int, int | str | None] = {**_FULL_WIDTH, **_INVISIBLE}
_SYMBOLOGY = re.compile(r"\A\][A-Za-z][0-9]")
_OF_GS1 = ("]d2", "]Q3", "]C1", "]e0", "]J1")
# Written out by programs that show what cannot be seen; none of it can stand in a GS1 value, or
# nobody would write it there.
_CERTAIN = re.compile(
    r"[\x1c-\x1f\u241c-\u241f]"
    r"|[<{\[(](?:GS|FNC1)[>})\]]"
    r"|\\x1d|\\u001d|\\u\{1d\}|\\035|\\29(?![0-9])|%1D|&#(?:29|x1d);"
    r"|\^\]|~1|~d029|FNC1",
    re.IGNORECASE,
)
# GS1 values are of the 82 characters of ISO/IEC 646: these are not among them.
_FOREIGN = re.compile(r"[\s#$@\[\]\\^`{|}~]+")
_SPACE = re.compile(r"[ \t\r\n]+")
#: What scanners put around a code: STX and ETX, a line's end, a NUL that C left there.
_AROUND = "".join(map(chr, range(0x21))) + "\x7f"


def clean(text: str) -> str:
    """The text in half-width letters, without what stands around it and what nobody sees."""
    return text.translate(_TABLE).strip().strip(_AROUND).strip()


def bare(text: str) -> tuple[str, bool]:
    """A scanned text without the symbology in front, and whether that is one of GS1's own."""
    body = _SYMBOLOGY.sub("", text, count=1)
    return body, body != text and text.startswith(_OF_GS1)


def separated(text: str) -> list[str]:
    """The text with the separators that were meant, in each of the ways it may be meant."""
    first = _CERTAIN.sub(GS, text)
    ways = [first, _FOREIGN.sub(GS, first), _SPACE.sub("", first)]
    return list(dict.fromkeys(way.strip(GS) for way in ways))
