"""Movements that must be refused, as scanners, tired people and hostile clients send them.

Each says which field the refusal names, what was expected, and how it shows what came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LOT = {"gtin": "06901234567892", "number": "L1"}
_CASE = "(00)123456789012345675"
_WAYS: dict[str, dict[str, Any]] = {
    "commissioning": {"to": "MAKER-1"},
    "shipping": {"from": "CDC-1", "to": "CLINIC"},
    "receiving": {"from": "CDC", "to": "FRIDGE"},
    "storing": {"from": "FRIDGE", "to": "FRIDGE-2"},
    "returning": {"from": "FRIDGE", "to": "CDC"},
    "wasting": {"from": "FRIDGE", "reason": "broken"},
    "destroying": {"from": "FRIDGE", "reason": "broken", "witnesses": ["韦", "农"]},
    "counting": {"from": "FRIDGE"},
    "packing": {"from": "FRIDGE", "parent": _CASE, "packs": ["8" + "1" * 19]},
}
_SITES = {"CDC-1": "CDC", "MAKER-1": "MAKER"}
MISSING: Any = object()


@dataclass(frozen=True)
class Bad:
    """What is sent, and what its refusal says."""

    name: str
    sent: dict[str, Any]
    field: str
    expected: str
    got: str
    reason: str = "invalid"

    @property
    def site(self) -> str:
        """The code of the site whose business it would be."""
        arrives = self.sent["step"] in ("commissioning", "receiving")
        return _SITES.get(self.sent.get("to" if arrives else "from", ""), "CLINIC")


def movement(step: str, /, **changes: Any) -> dict[str, Any]:
    """Return a good movement of a step with something changed, or taken out."""
    whole = {"id": "bad", "at": "2021-05-09T01:00:00Z", "step": step, "lot": LOT, "doses": 1}
    if step == "packing":
        del whole["lot"], whole["doses"]
    return {
        key: value for key, value in (whole | _WAYS[step] | changes).items() if value is not MISSING
    }


def _bad(
    step: str,
    field: str,
    value: Any,
    expected: str,
    came: str | None = None,
    /,
    *,
    named: str | None = None,
    why: str = "invalid",
    **more: Any,
) -> Bad:
    """A movement whose `field` has that value; `came` is it as the refusal shows it."""
    shown = str(value) if came is None else came
    name = f"{step}: {field} = {value!r}"[:100]
    sent = movement(step, **{field: value}, **more)
    return Bad(name, sent, named or field, expected, shown, why)


_CODE = "1-64 of A-Z a-z 0-9 . _ -"
_WHOLE = "an integer from 0 to 1000000000000"
_SEEN = "text that shows something"
_OFFSET = "a moment with an offset such as +08:00 or Z"
_RFC = "an RFC 3339 moment such as 2021-05-09T08:00:00+08:00"
_CALENDAR = "a moment that exists in the calendar"
_DAY = "a day such as 2021-05-09"
_NO_DAY = "a day that exists in the calendar"
_NEVER = "a day from 1990-01-01 to 2199-12-31"
_TWO = "the names of two different witnesses"
_NOTHING = "this field"

SCANNER = [
    _bad("wasting", "from", "FRIDGE\r", _CODE, "'FRIDGE\\r'"),
    _bad("wasting", "from", "\ufeffFRIDGE", _CODE, "'\\ufeffFRIDGE'"),
    _bad("wasting", "from", "FRIDGE\xa0", _CODE, "'FRIDGE\\xa0'"),
    _bad("wasting", "from", "FRI\u200bDGE", _CODE, "'FRI\\u200bDGE'"),
    _bad("wasting", "from", "ＦＲＩＤＧＥ", _CODE),
    _bad("wasting", "from", "fridge", "a registered unit", why="unknown_unit"),
    _bad("wasting", "document", "SO-1\x1d", _CODE, "'SO-1\\x1d'"),
    _bad("wasting", "lot", LOT | {"number": "L1\r\n"}, _CODE, "'L1\\r\\n'", named="lot.number"),
    _bad("wasting", "lot", LOT | {"number": "Ｌ１"}, _CODE, "Ｌ１", named="lot.number"),
    _bad("wasting", "lot", LOT | {"gtin": "6901234567892"}, "14 digits", "6901234567892",
         named="lot.gtin"),
    _bad("wasting", "lot", LOT | {"gtin": "０6901234567892"}, "14 digits", "０6901234567892",
         named="lot.gtin"),
    _bad("wasting", "packs", ["A1", "\x1d"], _SEEN, "'\\x1d'", named="packs.1"),
    _bad("wasting", "packs", ["A1", ""], "text of 1 to 128 characters", "''", named="packs.1"),
    _bad("wasting", "packs", ["x" * 129], "text of 1 to 128 characters", "x" * 77 + "...",
         named="packs.0"),
    _bad("wasting", "packs", "8" * 20, "a list"),
    _bad("packing", "parent", "\ufeff", _SEEN, "'\\ufeff'"),
    _bad("packing", "parent", "(01)06901234567892(10)L1",
         "the code of one case: an SSCC, a trace code or a label with a serial"),
    _bad("packing", "packs", ["8" + "1" * 19, "(01)06901234567892(10)L1"],
         "the code of one pack: a trace code or a label with a serial", "(01)06901234567892(10)L1",
         named="packs.1"),
    _bad("commissioning", "expires_on", "220501", _DAY),
    _bad("commissioning", "expires_on", "2022-05-00", _NO_DAY),
]  # fmt: skip
TIRED = [
    _bad("wasting", "at", "2021-05-09T08:00:00", _OFFSET),
    _bad("wasting", "at", "2021-05-09", _RFC),
    _bad("wasting", "at", "09/05/2021 08:00", _RFC),
    _bad("wasting", "at", "2021-13-05T08:00:00Z", _CALENDAR),
    _bad("wasting", "at", "2021-02-30T08:00:00Z", _CALENDAR),
    _bad("wasting", "at", "2206-05-09T08:00:00Z", "a moment between the years 1990 and 2200"),
    _bad("wasting", "at", "0021-05-09T08:00:00Z", "a moment between the years 1990 and 2200"),
    _bad("wasting", "at", "2031-05-09T08:00:00Z", "a moment at most 24 hours ahead of its arrival",
         why="future"),
    _bad("wasting", "doses", 0, "at least one dose for wasting"),
    _bad("wasting", "doses", -1, _WHOLE),
    _bad("wasting", "doses", 1.5, _WHOLE),
    _bad("wasting", "doses", 10**13, _WHOLE),
    _bad("wasting", "doses", "1", _WHOLE, '"1"'),
    _bad("counting", "doses", -1, _WHOLE),
    _bad("wasting", "from", "1号冰箱", _CODE),
    _bad("wasting", "from", "CLINIC", "a registered unit", why="unknown_unit"),
    _bad("wasting", "from", MISSING, "the code of a unit for wasting", "nothing"),
    _bad("wasting", "to", "CDC", "no such field for wasting"),
    _bad("wasting", "reason", MISSING, "a reason for wasting", "nothing"),
    _bad("wasting", "reason", "  ", _SEEN, "'  '"),
    _bad("wasting", "operator", "\u3000", _SEEN, "'\\u3000'"),
    _bad("wasting", "step", "Wasting", "one of commissioning, shipping, receiving, storing, "
         "returning, wasting, destroying, sampling, counting, packing, unpacking"),
    _bad("wasting", "lot", "L1", "a JSON object", "text"),
    _bad("wasting", "lot", {"gtin": LOT["gtin"]}, _NOTHING, "nothing", named="lot.number"),
    _bad("wasting", "lot", MISSING, _NOTHING, "nothing"),
    _bad("wasting", "doses", MISSING, _NOTHING, "nothing"),
    _bad("shipping", "to", "县疾控", _CODE),
    _bad("shipping", "to", "FRIDGE", "a registered site", why="unknown_site"),
    _bad("shipping", "carrier", "桂A12345", _CODE),
    _bad("receiving", "from", "CDC-1", "a registered site", why="unknown_site"),
    _bad("storing", "to", "CDC-1", "a unit of CLINIC"),
    _bad("destroying", "witnesses", ["韦", "韦"], _TWO, '["韦", "韦"]'),
    _bad("destroying", "witnesses", ["Wei", " ＷＥＩ "], _TWO, '["Wei", " ＷＥＩ "]'),
    _bad("destroying", "witnesses", ["韦", "韦\u200b"], _TWO, '["韦", "韦\u200b"]'),
    _bad("destroying", "witnesses", ["韦", " "], _SEEN, "' '", named="witnesses.1"),
    _bad("commissioning", "expires_on", "2022-13-01", _NO_DAY),
    _bad("commissioning", "expires_on", "0001-01-01", _NEVER),
    _bad("commissioning", "expires_on", "2206-05-01", _NEVER),
    _bad("commissioning", "expires_on", "2021-04-02", "a day not before made_on 2021-05-01",
         made_on="2021-05-01"),
    _bad("commissioning", "made_on", "2021-12-05", "a day not after at"),
    _bad("wasting", "expires_on", "2022-05-01", "no such field for wasting"),
]  # fmt: skip
HOSTILE = [
    _bad("wasting", "id", "x' OR 1=1 --", _CODE),
    _bad("wasting", "id", "../../etc/passwd", _CODE),
    _bad("wasting", "id", "x" * 65, _CODE),
    _bad("wasting", "id", 7, _CODE),
    _bad("wasting", "id", None, "a value", "null"),
    _bad("wasting", "doses", True, _WHOLE, "true"),
    _bad("wasting", "doses", None, "a value", "null"),
    _bad("wasting", "doses", 1e9, _WHOLE),
    _bad("wasting", "doses", 2**63, _WHOLE),
    _bad("wasting", "doses", 2**64, _WHOLE),
    _bad("wasting", "doses", 10**400, _WHOLE, "1" + "0" * 76 + "..."),
    _bad("wasting", "doses", {"$gt": 0}, _WHOLE, '{"$gt": 0}'),
    _bad("wasting", "at", 1620518400, "an RFC 3339 moment"),
    _bad("wasting", "at", "infinity", _RFC),
    _bad("wasting", "reason", "a\0b", "text without NUL or surrogates", "'a\\x00b'"),
    _bad("wasting", "operator", "x" * 100_000, "text of 1 to 128 characters", "x" * 77 + "..."),
    _bad("wasting", "packs", ["a\0b"], "text without NUL or surrogates", "'a\\x00b'",
         named="packs.0"),
    _bad("wasting", "packs", [[]], "text of 1 to 128 characters", "[]", named="packs.0"),
    _bad("wasting", "packs", [None], "a value", "null", named="packs.0"),
    _bad("wasting", "lot", [LOT], "a JSON object", "a list"),
    _bad("wasting", "lot", LOT | {"x": 1}, "no such field", "a number", named="lot.x",
         why="unknown_field"),
    _bad("wasting", "colour", "red", "no such field", "text", why="unknown_field"),
    _bad("wasting", "a\0b", 1, "no such field", "a number", why="unknown_field"),
    _bad("wasting", "x" * 500, 1, "no such field", "a number", named="x" * 100,
         why="unknown_field"),
    _bad("packing", "doses", 5, "no such field for packing"),
    _bad("wasting", "parent", _CASE, "no such field for wasting"),
    _bad("wasting", "void", True, "no such field without corrects", "true"),
    _bad("wasting", "corrected_at", "2021-05-09T02:00:00Z", "no such field without corrects"),
    _bad("wasting", "corrects", "bad", "the id of another fact",
         corrected_at="2021-05-09T02:00:00Z"),
    _bad("wasting", "corrects", None, "a value", "null"),
    _bad("wasting", "corrected_at", "2031-05-09T08:00:00Z",
         "a moment at most 24 hours ahead of its arrival", corrects="y", why="future"),
    _bad("wasting", "corrected_at", "2021-05-09T08:00:00", _OFFSET, corrects="y"),
    _bad("wasting", "corrected_at", "2021-05-09T00:59:59Z", "a moment not before at",
         corrects="y"),
    _bad("counting", "void", "true", "true or false", '"true"', corrects="y",
         corrected_at="2021-05-09T02:00:00Z"),
]  # fmt: skip
ALL = [*SCANNER, *TIRED, *HOSTILE]
