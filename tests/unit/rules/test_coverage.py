"""What a set of topic filters hears of a site."""

from __future__ import annotations

import pytest

from traceapp.rules.coverage import Coverage, site_of


@pytest.mark.parametrize(
    ("filters", "hears_all", "hears_readings"),
    [
        (["coldchain/v1/#"], True, True),
        (["coldchain/v1/A/#"], True, True),
        (["coldchain/v1/+/#"], True, True),
        (["coldchain/v1/B/#"], False, False),
        (["coldchain/v1/A"], False, False),
        (["coldchain/v1/+/movements"], False, False),
        (["coldchain/v1/+/+/readings"], False, True),
        (["coldchain/v1/A/S1/readings"], False, False),
        (["coldchain/v1/A/+/+", "coldchain/v1/+/movements"], True, True),
        (["coldchain/v1/A/+/+", "coldchain/v1/B/#"], False, True),
        ([], False, False),
    ],
)
def test_a_site_is_heard_when_each_of_its_topics_is_matched(
    filters: list[str], hears_all: bool, hears_readings: bool
) -> None:
    coverage = Coverage(filters)
    assert coverage.hears_all_of("A") == hears_all
    assert coverage.hears_readings_of("A") == hears_readings


def test_a_filter_of_one_site_is_told_from_all_others() -> None:
    assert site_of("coldchain/v1/A/#") == "A"
    for other in ("coldchain/v1/#", "coldchain/v1/+/#", "coldchain/v1/A/S1/#", "x/v1/A/#", "A/#"):
        assert site_of(other) is None


@pytest.mark.parametrize(
    ("topic", "is_heard"),
    [
        ("coldchain/v1/A/S1/readings", True),
        ("coldchain/v1/A", True),
        ("coldchain/v1/C/S1/status", True),
        ("coldchain/v1/C/S1/readings", False),
        ("coldchain/v1/C/S1/status/more", False),
        ("coldchain/v1", False),
        ("other/v1/A/S1/readings", False),
    ],
)
def test_a_topic_is_heard_as_mqtt_says(topic: str, is_heard: bool) -> None:
    assert Coverage(["coldchain/v1/A/#", "coldchain/v1/+/+/status"]).hears(topic) == is_heard
