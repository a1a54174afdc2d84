"""The fast path takes nothing that marshmallow refuses, and reads the same from the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ingest.decode import MAX_ITEMS, Said, decode_fast
from ingest.decode import _read_items as read_slowly  # the private half that explains refusals
from ingest.topic import read_topic
from schemas.reading import ReadingSchema

TOPIC = b"coldchain/v1/S/X/readings"
ROUTE = read_topic(TOPIC)
SCHEMA = ReadingSchema()

_OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda m: timezone(timedelta(minutes=m)))
_MOMENTS = st.datetimes(datetime(1989, 1, 1), datetime(2201, 1, 1), timezones=_OFFSETS)  # noqa: DTZ001 - Hypothesis adds the time zone
_AT = st.one_of(
    _MOMENTS.map(lambda moment: moment.isoformat()),
    _MOMENTS.map(lambda moment: moment.astimezone(UTC).isoformat().replace("+00:00", "Z")),
    st.from_regex(
        r"\A20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
        r"(\.[0-9]{1,10})?([Zz]|[+-][0-2][0-9]:?[0-9]{2})?\Z"
    ),
    st.sampled_from(["2021-W18-7T08:00:00Z", "20210509T080000Z", "2021-05-09T08:00:00٠Z"]),
    st.text(max_size=30),
)
_NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.sampled_from([-0.0, 0, 100, 100.0000001, 1_000, 1e300, 1.1e300, 2**63, 2**63 - 1, -(2**63)]),
)
_ANYTHING: st.SearchStrategy[Any] = st.one_of(
    _NUMBERS, st.none(), st.booleans(), st.text(max_size=70), st.just([])
)
_READINGS = st.fixed_dictionaries(
    {},
    optional={
        "at": st.one_of(_AT, _AT, _ANYTHING),
        "celsius": st.one_of(_NUMBERS, _NUMBERS, _ANYTHING),
        "power": st.one_of(st.booleans(), _ANYTHING),
        "door_open": st.one_of(st.booleans(), _ANYTHING),
        "humidity": _ANYTHING,
        "battery": _ANYTHING,
        "battery_volts": _ANYTHING,
        "seq": _ANYTHING,
        "boot": _ANYTHING,
        "colour": st.just("red"),
    },
)
_GOOD = st.fixed_dictionaries({"at": _AT, "celsius": _NUMBERS}, optional={"seq": _NUMBERS})
_LISTS = st.lists(st.one_of(_GOOD, _READINGS), max_size=3)
_DOCUMENTS = st.one_of(
    _GOOD,
    _READINGS,
    _LISTS,
    st.fixed_dictionaries({"readings": _LISTS}, optional={"ref": _ANYTHING, "colour": _ANYTHING}),
    _ANYTHING,
)


def agree(payload: bytes) -> bool:
    """Assert that both paths say the same of what the fast one takes; whether it took it."""
    fast = decode_fast(payload)
    if fast is None:
        return False
    slow = Said(ROUTE, TOPIC, payload)
    items = read_slowly(slow, "readings", SCHEMA)
    assert slow.rejected == []
    ref, places, readings = fast
    assert ref == slow.ref
    assert (places is None) == (slow.places is None)
    assert readings == items
    assert [repr(reading) for reading in readings] == [repr(item) for item in items]
    return True


@given(_DOCUMENTS, st.booleans())
@example([{"at": "2021-05-09T08:00:00Z", "celsius": 1}] * MAX_ITEMS, False)
@example([{"at": "2021-05-09T08:00:00Z", "celsius": 1}] * (MAX_ITEMS + 1), False)
@example({"at": "2021-05-09T08:00:00.1234567Z", "celsius": -0.0}, False)
@example({"readings": [{"at": "2021-05-09T08:00:00Z", "celsius": 1}], "ref": None}, False)
def test_what_the_fast_path_takes_marshmallow_takes_to_the_same_values(
    document: Any, is_ascii: bool
) -> None:
    agree(json.dumps(document, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=60))
@example(b'{"at":"2021-05-09T08:00:00Z","celsius":1,"celsius":"x"}')
@example(b'{"at":"2021-05-09T08:00:00Z","celsius":"x","celsius":1}')
@example(b' {"at":"2021-05-09T08:00:00Z","celsius":1} ')
@example(b'{"at":"2021-05-09T08:00:00Z","celsius":1e400}')
@example(b'{"\\u0061t":"2021-05-09T08:00:00Z","celsius":1}')
@example(b'{"at":"2021-05-09T08:00:00Z","celsius":1,"boot":"readings\\u0000"}')
@example(b'{"at":"2021-05-09T08:00:00Z","celsius":1,"boot":"\xed\xa0\x80"}')
def test_the_paths_agree_on_bytes_that_no_program_wrote(payload: bytes) -> None:
    agree(payload)


def test_what_sensors_ordinarily_send_takes_the_fast_path() -> None:
    assert agree(b'{"at":"2021-05-09T08:00:00+08:00","celsius":4.2}')
    assert agree(b'{"at":"2021-05-09T08:00:00.123Z","celsius":4,"seq":7,"boot":"a","power":true}')
    assert agree(b'[{"at":"2021-05-09T08:00:00+08:00","celsius":4.2}]')
    assert agree(b'{"ref":"r","readings":[{"at":"2021-05-09T08:00:00+08:00","celsius":4.2}]}')
