"""Lines become readings, and what is no reading is kept with its reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.publish.buffer import Kept
from traceapp.publish.line import MOST_BYTES, Numbering, RawLine
from traceapp.publish.message import MOST_BYTES as MOST_IN_A_MESSAGE
from traceapp.publish.message import Message, group
from traceapp.publish.source import Splitter


def sent(numbering: Numbering, **document: object) -> dict[str, object]:
    """Return what is sent of a line."""
    line = numbering.line_of(RawLine(json.dumps(document).encode()))
    assert not line.reason
    return dict(json.loads(line.content))


def test_each_sensor_is_counted_for_itself_unless_it_counts_itself() -> None:
    numbering = Numbering("b7")
    assert sent(numbering, sensor="a", celsius=4) == {"celsius": 4, "seq": 1, "boot": "b7"}
    assert sent(numbering, sensor="b", celsius=4)["seq"] == 1
    assert sent(numbering, sensor="a", celsius=4)["seq"] == 2
    assert sent(numbering, sensor="a", celsius=4, seq=99) == {"celsius": 4, "seq": 99}
    assert sent(numbering, sensor="a", celsius=4, boot="x") == {"celsius": 4, "boot": "x"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b'{"sensor":"a/b"}', b'{"sensor":7}', b'{"sensor":"a","x":NaN}',
     b"{" * 5_000, b"x" * (MOST_BYTES + 1), b'{"sensor":"a","x":"\\ud800"}'],
)  # fmt: skip
def test_what_cannot_be_sent_is_kept_as_it_came(content: bytes) -> None:
    line = Numbering("b7").line_of(RawLine(content))
    assert line.reason
    assert line.content == content


@given(
    st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b and bool(b.strip()))),
    st.integers(1, 40),
)
def test_lines_are_the_same_however_their_bytes_arrive(lines: list[bytes], size: int) -> None:
    content = b"\n".join(lines)
    splitter = Splitter()
    came = [
        raw.content
        for start in range(0, len(content), size)
        for raw in splitter.split(content[start : start + size])
    ]
    came += [raw.content for raw in splitter.end()]
    assert came == lines


def test_a_line_without_end_comes_in_parts_of_which_none_is_taken_for_a_reading() -> None:
    splitter = Splitter()
    parts = splitter.split(b"x" * (MOST_BYTES + 1))
    parts += splitter.split(b'{"sensor":"a"}\n{"sensor":"b"}\n')
    assert [part.is_cut for part in parts] == [True, True, False]
    numbering = Numbering("b7")
    assert [bool(numbering.line_of(part).reason) for part in parts] == [True, True, False]


def test_messages_hold_one_sensor_each_and_fit_the_wire() -> None:
    kept = [Kept(n, "ab"[n % 2], b"9" * 15_000) for n in range(60)]
    parts = group(kept, 100)
    assert sorted(one.id for part in parts for one in part) == list(range(60))
    assert all(len({one.sensor for one in part}) == 1 for part in parts)
    assert max(len(Message("r-1", part).payload) for part in parts) < MOST_IN_A_MESSAGE + 100
    assert [len(part) for part in group(kept[::2], 12)] == [12, 12, 6]
