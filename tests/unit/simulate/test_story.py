"""The story holds what the demo promises, whatever the seed and whenever it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile

import pytest

from traceapp.simulate import district as d
from traceapp.simulate.judge import Expected, judge
from traceapp.simulate.recorder import Reading
from traceapp.simulate.story import (
    LIVE_UNIT,
    NIGHT_UNIT,
    ROAD_UNIT,
    Story,
    check_digit,
)

ENDS = [
    datetime(2026, 11, 20, 4, 42, tzinfo=UTC),
    datetime(2026, 11, 20, 15, 59, tzinfo=UTC),
    datetime(2026, 3, 1, 16, 0, tzinfo=UTC),
]


@pytest.fixture(scope="module", params=[(1, ENDS[0]), (2, ENDS[1]), (3, ENDS[2])], ids=str)
def story(request: pytest.FixtureRequest) -> Story:
    seed, end = request.param
    return Story(seed, end)


@cache
def _readings(story: Story, unit: d.Unit, sensor: str) -> list[Reading]:
    return list(takewhile(lambda r: r.at <= story.end, story.readings(unit, sensor)))


@cache
def _episodes(story: Story) -> list[Expected]:
    found: list[Expected] = []
    for unit, sensor in story.sensors():
        points = [(r.at, r.celsius) for r in _readings(story, unit, sensor)]
        found += judge(unit.code, points)
    return found


def test_the_district_has_a_dozen_refrigerators_a_cold_room_and_two_vehicles() -> None:
    kinds = [unit.type for unit in d.UNITS]
    counts = [kinds.count(kind) for kind in ("refrigerator", "cold_room", "vehicle")]
    assert counts == [12, 1, 2]
    assert len(d.CLINICS) == 4


def test_exactly_three_units_become_too_warm_each_once(story: Story) -> None:
    found = {(episode.unit, episode.rule) for episode in _episodes(story)}
    units = (NIGHT_UNIT, ROAD_UNIT, LIVE_UNIT)
    assert found == {(unit, rule) for unit in units for rule in ("warm", "hot")}
    assert len(_episodes(story)) == 6


def test_only_the_last_one_is_still_open_and_its_alarm_is_in(story: Story) -> None:
    still_open = {episode.unit for episode in _episodes(story) if episode.ended_at is None}
    assert still_open == {LIVE_UNIT}
    live = next(e for e in _episodes(story) if e.unit == LIVE_UNIT and e.rule == "hot")
    assert timedelta(minutes=15) <= story.end - live.started_at <= timedelta(minutes=20)


def test_no_sensor_is_ever_silent_or_has_its_door_open_for_long(story: Story) -> None:
    for unit, sensor in story.sensors():
        readings = _readings(story, unit, sensor)
        assert readings[0].at - story.start < timedelta(seconds=unit.interval_s)
        assert story.end - readings[-1].at < timedelta(seconds=unit.interval_s)
        for one, following in pairwise(readings):
            assert following.at - one.at <= timedelta(seconds=unit.interval_s)
            assert not one.door_open or following.at - one.at < timedelta(minutes=5)


def test_each_movement_is_reported_by_the_site_that_the_contract_names(story: Story) -> None:
    for report in story.journey.reports:
        document = report.document
        end = "to" if document["step"] in ("commissioning", "receiving") else "from"
        assert d.unit_named(str(document[end])).site == report.site
        assert story.start <= report.at <= story.end


def test_what_was_made_is_on_hand_given_wasted_or_sampled(story: Story) -> None:
    for lot in story.journey.lots:
        given = sum(dose.lot == lot for dose in story.doses)
        lost = sum(
            int(str(report.document["doses"]))
            for report in story.journey.reports
            if report.document["lot"] == lot.key
            and report.document["step"] in ("wasting", "sampling")
        )
        assert sum(story.journey.on_hand(lot).values()) + given + lost == lot.doses


def test_every_clinic_gives_doses_and_each_pack_serves_once(story: Story) -> None:
    assert {dose.unit for dose in story.doses} == set(d.CLINIC_STORES.values())
    packs = [dose.pack for dose in story.doses]
    assert len(set(packs)) == len(packs)
    assert all(len(pack) == 20 and pack[0] == "8" and pack.isdigit() for pack in packs)
    assert all(dose.at <= story.end for dose in story.doses)


def test_the_same_seed_and_end_tell_the_same_story(story: Story) -> None:
    again = Story(story.seed, story.end)
    assert [r.document for r in again.journey.reports] == [
        r.document for r in story.journey.reports
    ]
    assert [dose.document for dose in again.doses] == [dose.document for dose in story.doses]
    assert again.outages == story.outages


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert check_digit("11010519491231002") == "X"
    assert check_digit("44052418800101001") == "4"
