"""Messages by number: the same seed and number give the same topic and the same bytes.

Some are good, some are good ones with something wrong in their structure, some with something
wrong in their bytes, and some are noise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from tests.system.district import (
    CDC,
    CDC_ROOM,
    CLINIC,
    FRIDGE,
    FRIDGE_SENSOR,
    GTIN,
    MAKER,
    MAKER_ROOM,
    OTHER_SENSOR,
)
from tests.system.fuzz.values import MOMENTS, NUMBERS, OTHERS, TEXTS, TOPICS, odd, odd_name

ROOT = "coldchain/v1/"
_BEGIN = datetime(2019, 1, 1, tzinfo=UTC)
_TWO_YEARS_S = 63_000_000
#: The readings of registered sensors are judged, and lie so close that this remains quick.
_TEN_DAYS_S = 864_000
_STRANGERS = [f"99-{number:06}" for number in range(200)]
_TOO_LONG = 256 * 1024

_BYTES = [b"\xff", b"\0", b"\xed\xa0\x80", b"\xc0\x80", b'"', b"9", b"\n"]

Fields = list[tuple[str, str]]
"""An object's fields as pieces of JSON: a name may stand twice, and need not be one."""


class Message(NamedTuple):
    """A topic and what is published on it."""

    topic: str
    payload: bytes


def messages(seed: int, number: int) -> Iterator[Message]:
    """The first `number` messages of a seed, one after the other."""
    return (message(seed, place) for place in range(number))


def message(seed: int, place: int) -> Message:
    """The message at a place; about three in a hundred repeat an earlier one."""
    chance = Random(seed << 40 | place)
    if place and chance.random() < 0.03:
        return message(seed, chance.randrange(place))
    kind = chance.random()
    if kind < 0.82:
        topic, good = _readings(chance)
    elif kind < 0.90:
        topic, good = _movements(chance)
    elif kind < 0.97:
        topic, good = f"{CLINIC}/{FRIDGE_SENSOR}/status", lambda chance: "online"
    else:
        topic, good = chance.choice(TOPICS), _readings(chance)[1]
    return Message(ROOT + topic, _payload(chance, good))


def _payload(chance: Random, good: Callable[[Random], str]) -> bytes:
    kind = chance.random()
    text = good(chance)
    if kind < 0.55:  # What is wrong with its structure was decided while it was written.
        return text.encode("utf-8", "surrogatepass")
    if kind < 0.90:
        return _broken(chance, text.encode("utf-8", "surrogatepass"))
    if kind < 0.97:
        return chance.randbytes(chance.choice([0, 1, 2, 5, 20, 200, 2_000]))
    return _strange(chance, text)


def _strange(chance: Random, text: str) -> bytes:
    """A whole document in another coding, of another kind, or far too long."""
    kind = chance.randrange(8)
    if kind == 0:
        return text.encode("utf-16", "surrogatepass")
    if kind == 1:
        return b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")
    if kind == 2:
        return text.encode("gb18030", "replace")
    if kind == 3 and chance.random() < 0.02:
        return (text.encode("utf-8", "surrogatepass") or b" ") * (_TOO_LONG // (len(text) or 1) + 1)
    if kind == 4:
        return b" \r\n\t" * chance.randrange(20) + text.encode("utf-8", "surrogatepass")
    return chance.choice([*NUMBERS, *TEXTS, *OTHERS]).encode("utf-8", "surrogatepass")


def _broken(chance: Random, good: bytes) -> bytes:
    """Good bytes after something happened to a few of them."""
    content = bytearray(good)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        place = chance.randrange(len(content) + 1)
        kind = chance.randrange(6)
        if kind == 0 and place < len(content):
            content[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            content.insert(place, chance.randrange(256))
        elif kind == 2:
            del content[place : place + chance.choice([1, 1, 2, 10])]
        elif kind == 3:
            content[place:place] = content[place : place + chance.randrange(1, 30)]
        elif kind == 4:
            del content[place:]
        else:
            content[place : place + 1] = chance.choice(
                [b"\xff", b"\0", b"\xed\xa0\x80", b'"', b"9"]
            )
    return bytes(content)


# ---- readings


def _readings(chance: Random) -> tuple[str, Callable[[Random], str]]:
    is_known = chance.random() < 0.03
    sensor = chance.choice([FRIDGE_SENSOR, OTHER_SENSOR] if is_known else _STRANGERS)
    longest_s = _TEN_DAYS_S if is_known else _TWO_YEARS_S

    def fields(chance: Random) -> Fields:
        return _reading_fields(chance, _BEGIN + timedelta(seconds=chance.randrange(longest_s)))

    return f"{CLINIC}/{sensor}/readings", lambda chance: _document(chance, "readings", fields)


def _reading_fields(chance: Random, at: datetime) -> Fields:
    shown = at.isoformat() if chance.random() < 0.5 else f"{at:%Y-%m-%dT%H:%M:%S}.25Z"
    fields = [('"at"', json.dumps(shown)), ('"celsius"', f"{chance.uniform(-5, 15):.1f}")]
    if chance.random() < 0.3:
        fields += [
            ('"power"', "true"),
            ('"door_open"', "false"),
            ('"humidity"', "45.5"),
            ('"battery"', "88"),
            ('"battery_volts"', "3.01"),
            ('"seq"', str(chance.choice([7, 2**63 - 1, -(2**63), chance.randrange(10**6)]))),
            ('"boot"', chance.choice(['"b"', json.dumps("🧊" * 64), '"\\u202e"'])),
        ][: chance.randrange(8)]
    return fields


# ---- movements

_STEPS: list[tuple[str, str, Fields]] = [
    (MAKER, "commissioning", [('"to"', MAKER_ROOM)]),
    (MAKER, "shipping", [('"from"', MAKER_ROOM), ('"to"', CDC)]),
    (CDC, "receiving", [('"from"', MAKER), ('"to"', CDC_ROOM)]),
    (CLINIC, "counting", [('"from"', FRIDGE)]),
    (CLINIC, "wasting", [('"from"', FRIDGE), ('"reason"', "broken")]),
]


def _movements(chance: Random) -> tuple[str, Callable[[Random], str]]:
    right, step, places = chance.choice(_STEPS)
    site = right if chance.random() < 0.9 else chance.choice([MAKER, CDC, CLINIC, "NOBODY"])

    def fields(chance: Random) -> Fields:
        return _movement_fields(chance, step, places)

    return f"{site}/movements", lambda chance: _document(chance, "movements", fields)


def _movement_fields(chance: Random, step: str, places: Fields) -> Fields:
    at = _BEGIN + timedelta(seconds=chance.randrange(_TWO_YEARS_S))
    lot = {"gtin": GTIN, "number": f"L{chance.randrange(20_000)}"}
    doses = chance.choice([1, 10, 1_000, 2**31, 2**53, 2**63 - 1])
    fields = [
        ('"id"', json.dumps(f"m-{chance.getrandbits(40)}")),
        ('"at"', json.dumps(at.isoformat())),
        ('"step"', json.dumps(step)),
        ('"lot"', json.dumps(lot)),
        ('"doses"', str(doses)),
        *((name, json.dumps(place)) for name, place in places),
    ]
    if chance.random() < 0.2:
        fields.append(('"packs"', json.dumps([f"8{chance.randrange(10**19):019}"])))
    if chance.random() < 0.2:
        fields.append(('"operator"', chance.choice(TEXTS)))
    return fields


# ---- documents


def _document(chance: Random, name: str, fields: Callable[[Random], Fields]) -> str:
    """One item, a list of them, or an envelope; half of them with something wrong inside."""
    form = chance.random()
    is_good = chance.random() < 0.5

    def item() -> str:
        written = fields(chance)
        return _object(written if is_good or chance.random() < 0.5 else _mutated(chance, written))

    if form < 0.7:
        return _object(fields(chance) if is_good else _mutated(chance, fields(chance)))
    number = chance.choice([0, 1, 2, 3, 5, 8] if form < 0.998 else [999, 1_000, 1_001])
    listed = f"[{','.join(item() for _ in range(number))}]"
    if form < 0.85:
        return listed
    ref = json.dumps(f"r{chance.randrange(10**6)}") if is_good else odd(chance)
    envelope = [('"ref"', ref), (f'"{name}"', listed)]
    return _object(envelope if chance.random() < 0.9 else _mutated(chance, envelope))


def _mutated(chance: Random, fields: Fields) -> Fields:
    """The fields with one to three things wrong."""
    changed = list(fields)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        kind = chance.randrange(6)
        place = chance.randrange(len(changed)) if changed else 0
        if kind <= 2 and changed:
            name, _value = changed[place]
            is_moment = name == '"at"' and chance.random() < 0.7
            changed[place] = name, json.dumps(chance.choice(MOMENTS)) if is_moment else odd(chance)
        elif kind == 3 and changed:
            del changed[place]
        elif kind == 4:
            changed.insert(place, (odd_name(chance), odd(chance)))
        elif changed:
            changed.append((changed[place][0], odd(chance)))  # A name that stands twice.
    return changed


def _object(fields: Fields) -> str:
    return "{" + ",".join(f"{name}:{value}" for name, value in fields) + "}"
