"""A table of topics is a dictionary in less room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceapp.capture.topics import Topics


@given(st.lists(st.tuples(st.binary(max_size=3), st.integers(1, 2**31 - 1)), max_size=300))
def test_it_answers_as_a_dictionary_would(told: list[tuple[bytes, int]]) -> None:
    topics, expected = Topics(), dict[bytes, int]()
    for topic, sensor_id in told:
        topics[topic] = expected[topic] = sensor_id
        assert topics.get(topic) == sensor_id
    assert len(topics) == len(expected)
    for topic in {*expected, b"", b"a", b"coldchain/v1/CDC/S1/readings"}:
        assert topics.get(topic) == expected.get(topic)
        assert (topic in topics) == (topic in expected)


def test_it_keeps_what_it_knows_while_it_grows() -> None:
    topics = Topics()
    for number in range(1, 10_000):
        topics[b"coldchain/v1/S/%d/readings" % number] = number
    assert all(topics[b"coldchain/v1/S/%d/readings" % n] == n for n in range(1, 10_000))
    with pytest.raises(KeyError):
        topics[b"coldchain/v1/S/10000/readings"]
