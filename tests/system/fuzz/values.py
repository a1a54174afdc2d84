"""Values that somebody's program may send one day, as pieces of JSON text."""

from __future__ import annotations

import json
from random import Random

#: Moments: of every year, of no calendar, in every spelling, and none at all.
MOMENTS = [
    "0001-01-01T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "1989-12-31T23:59:59Z",
    "1990-01-01T00:00:00Z",
    "2199-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-23:59",
    "10000-01-01T00:00:00Z",
    "2021-02-30T00:00:00Z",
    "2021-05-09T24:00:00Z",
    "2021-05-09T23:59:60Z",
    "2021-05-09T08:00:00+24:00",
    "2021-05-09T08:00:00-99:99",
    "2021-05-09T08:00:00",
    "2021-05-09",
    "20210509T080000Z",
    "2021-05-09T08:00:00.1234567890Z",
    "2021-05-09T08:00:00.000000001+08:00",
    "2021-05-09 08:00:00z",
    "２０２１-05-09T08:00:00Z",
    "٢٠٢١-٠٥-٠٩T٠٨:٠٠:٠٠Z",
    "2021-W18-7T08:00:00Z",
    "infinity",
    "now",
    "",
]
#: Numbers at and beyond every edge that a language or a database has.
NUMBERS = [
    "0", "-0", "-0.0", "1", "4.2", "80", "80.0000001", "-110.5", "1e-400", "5e-324",
    "1.7976931348623157e308", "1e300", "1e301", "-1e309", "1e400", "1E+2", "01", "1.", ".5", "+1",
    "0x10", "NaN", "Infinity", "-Infinity", "127", "128", "32768", "2147483647", "2147483648",
    "-2147483649", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1" + "0" * 400,
    "0." + "3" * 5_000,
]  # fmt: skip
#: Texts: nothing, controls, surrogates, other scripts, somebody's SQL, far too long.
TEXTS = [
    '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"', '"\\ud83e\\uddca"',
    '"\\u202e\\u2066"', '"\\ufffe\\uffff"', '"\u0085\u2028"', '"\\n\\r\\t\\b\\f"',
    '"\\x"', '"\\u12"',
    json.dumps("🧊" * 64, ensure_ascii=False), json.dumps("🧊" * 65), json.dumps("é" * 64),
    json.dumps("x" * 64), json.dumps("x" * 65), json.dumps("x" * 10_000),
    json.dumps("'; DROP TABLE reading; --"), json.dumps("\\N"), json.dumps("%s%(a)s{0}"),
    '"\x01"', '"\t"', '"4.2"', '"true"', '"null"',
]  # fmt: skip
OTHERS = [
    "null", "true", "false", "[]", "{}", "[[]]", '{"":{}}', "[null]", "nul", "tru", "'a'",
    "[" * 600 + "]" * 600, "[" * 5_000, '{"a":' * 600 + "1" + "}" * 600, "/* */ 1", "1,",
]  # fmt: skip
#: Topics below ours that a broker lets pass.
TOPICS = [
    "", "/", "//", "x", "x/y", "x/y/z/readings", "CLINIC/readings", "CLINIC//readings",
    "/45-000017/readings", "4514810001/45-000017/Readings", "4514810001/45-000017/readings/",
    "4514810001/45 000017/readings", "南宁/一号/readings", "🧊/🧊/readings",
    "4514810001/é/readings",
    "4514810001/" + "s" * 64 + "/readings", "4514810001/" + "s" * 65 + "/readings",
    "4514810001/" + "深" * 20_000 + "/readings", "x" * 60_000, "4514810001/45-000017/humidities",
    "4514810001/%s/readings", "4514810001/'; --/readings", "4514810001/\u202e/readings",
]  # fmt: skip


def odd(chance: Random) -> str:
    """Any of these, mostly a piece of JSON."""
    kind = chance.randrange(10)
    if kind < 2:
        return json.dumps(chance.choice(MOMENTS), ensure_ascii=chance.random() < 0.5)
    return chance.choice(NUMBERS if kind < 5 else TEXTS if kind < 8 else OTHERS)


def odd_name(chance: Random) -> str:
    """A name of a field that nobody agreed on, or of one under another guise."""
    return chance.choice(
        ['"colour"', '"At"', '"\\u0061t"', '"celsius "', '""', '"\\u0000"', '"\\ud800"', '"ref"',
         '"readings"', '"movements"', '"__class__"', '"id"', '"at"', '"celsius"', '"recipient"',
         json.dumps("f" * 300), "at", "1"]
    )  # fmt: skip
