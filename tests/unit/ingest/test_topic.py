"""What topics say."""

from __future__ import annotations

import pytest

from ingest.topic import read_topic


def test_a_readings_topic_names_its_site_and_sensor() -> None:
    route = read_topic(b"coldchain/v1/4514810001/45-000017/readings")
    assert (route.kind, route.site, route.sensor) == ("readings", "4514810001", "45-000017")


def test_a_movements_topic_names_its_site() -> None:
    route = read_topic(b"coldchain/v1/4514810001/movements")
    assert (route.kind, route.site, route.sensor) == ("movements", "4514810001", None)


@pytest.mark.parametrize(
    "topic",
    [b"coldchain/v1/S/acks", b"coldchain/v1/S/rejections", b"coldchain/v1/S/45-000017/acks"],
)
def test_what_we_say_ourselves_is_known_as_ours(topic: bytes) -> None:
    assert read_topic(topic).kind == "ours"


@pytest.mark.parametrize(
    "topic",
    [
        b"coldchain/v1",
        b"coldchain/v1/S",
        b"coldchain/v1/S/readings",
        b"coldchain/v1/S/X/movements",
        b"coldchain/v1/S/X/Y/readings",
        b"coldchain/v1/S/X/temperature",
        b"coldchain/v2/S/X/readings",
        b"elsewhere",
    ],
)
def test_a_topic_nobody_knows_is_refused_as_unknown(topic: bytes) -> None:
    route = read_topic(topic)
    assert route.kind == "refused"
    assert route.refusal is not None
    assert route.refusal.reason == "unknown_topic"


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        ("coldchain/v1/南宁/X/readings".encode(), "topic.site"),
        (b"coldchain/v1//X/readings", "topic.site"),
        (b"coldchain/v1/S/a b/readings", "topic.sensor"),
        (b"coldchain/v1/S/" + b"9" * 65 + b"/status", "topic.sensor"),
        (b"coldchain/v1/S/\xff/readings", "topic"),
    ],
)
def test_a_level_that_is_no_code_is_refused_by_name(topic: bytes, field: str) -> None:
    route = read_topic(topic)
    assert route.refusal is not None
    assert (route.refusal.reason, route.refusal.field) == ("invalid_topic", field)


def test_the_site_of_a_refused_topic_is_kept_where_it_is_a_code() -> None:
    assert read_topic(b"coldchain/v1/4514810001/X/unheard_of").site == "4514810001"


def test_a_long_or_unprintable_topic_becomes_text_that_a_database_takes() -> None:
    shown = read_topic(b"coldchain/v1/S/\x00/" + b"x" * 60_000).topic
    assert len(shown) == 512
    assert "\0" not in shown
    assert shown != read_topic(b"coldchain/v1/S/\x00/" + b"x" * 60_001).topic
