"""The way of one pack: used too often, and in two places."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from traceapp.rules.pack import Sighting, judge_pack

NOON = datetime(2021, 5, 9, 4, tzinfo=UTC)
CDC, CLINIC, OTHER = 1, 2, 3


def seen(
    step: str, hours: int, site: int, source: int | None = None, target: int | None = None
) -> Sighting:
    """Return a sighting; its code tells what and when."""
    at = NOON + timedelta(hours=hours)
    return Sighting(hours, f"{step}-{hours}", at, 0, step, site, source, target)


def found(*sightings: Sighting, doses: int | None = 1) -> list[tuple[str, str]]:
    return [(one.finding, one.sighting.code) for one in judge_pack(sightings, doses)]


def test_a_pack_that_goes_its_way_has_no_findings() -> None:
    way = [
        seen("receiving", 1, CDC),
        seen("shipping", 2, CDC, target=CLINIC),
        seen("receiving", 3, CLINIC, source=CDC),
        seen("dose", 4, CLINIC),
    ]
    assert found(*way) == []


def test_every_use_beyond_its_doses_is_found() -> None:
    uses = [seen("dose", hour, CLINIC) for hour in range(4)]
    assert found(*uses, doses=2) == [("pack_used_up", "dose-2"), ("pack_used_up", "dose-3")]
    assert found(*uses, doses=None) == []


def test_a_pack_that_two_sites_received_is_in_two_places() -> None:
    first, second = (
        seen("receiving", 1, CLINIC, source=CDC),
        seen("receiving", 2, OTHER, source=CDC),
    )
    assert found(first, second) == [("pack_in_two_places", "receiving-2")]


def test_a_pack_used_where_it_never_came_is_in_two_places() -> None:
    way = [seen("shipping", 1, CDC, target=CLINIC), seen("dose", 2, OTHER)]
    assert found(*way) == [("pack_in_two_places", "dose-2")]


def test_a_shipment_that_nobody_reported_is_no_finding_of_the_pack() -> None:
    assert found(seen("receiving", 1, CDC), seen("receiving", 2, CLINIC, source=CDC)) == []
    sent = seen("shipping", 1, CDC, target=CLINIC)
    assert found(sent, seen("dose", 2, CLINIC)) == []
    assert found(sent, seen("receiving", 2, CDC, source=CLINIC)) == []  # it was sent back


def test_a_shipment_that_named_no_packs_may_have_carried_it() -> None:
    way = [seen("receiving", 1, CDC), seen("dose", 5, OTHER)]
    [fault] = judge_pack(way, 1)
    left, until = fault.left, fault.sighting.at
    assert left is not None
    assert (left.site, left.at) == (CDC, way[0].at)
    hours = {hour: left.is_explained(until, [NOON + timedelta(hours=hour)]) for hour in range(7)}
    assert [hour for hour, is_explained in hours.items() if is_explained] == [1, 2, 3, 4, 5]
    assert not left.is_explained(until, [])
    assert left.is_explained(until, [NOON, NOON + timedelta(hours=4), NOON + timedelta(hours=9)])


def test_a_pack_left_as_the_lot_that_it_was_said_to_be_of_there() -> None:
    came, given_dose = seen("receiving", 1, CDC), seen("dose", 5, OTHER)
    for first, second, lot in ((7, 8, 7), (None, 8, 8), (7, None, 7), (None, None, None)):
        [fault] = judge_pack([replace(came, lot=first), replace(given_dose, lot=second)], 1)
        assert fault.left is not None
        assert fault.left.lot == lot


_SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        st.integers(0, 99),
        st.text("abc", min_size=1, max_size=4),
        st.integers(0, 5).map(lambda hours: NOON + timedelta(hours=hours)),
        st.integers(0, 4),
        st.sampled_from(["receiving", "shipping", "returning", "dose", "counting"]),
        st.integers(1, 3),
        st.none() | st.integers(1, 3),
        st.none() | st.integers(1, 3),
    ),
    unique_by=lambda one: one.code,
    max_size=8,
)


@given(st.data())
def test_the_order_of_arrival_changes_nothing(data: st.DataObject) -> None:
    sightings = data.draw(_SIGHTINGS)
    assert judge_pack(sightings, 2) == judge_pack(data.draw(st.permutations(sightings)), 2)


@given(_SIGHTINGS, st.integers(1, 3))
def test_as_many_uses_are_found_as_there_are_beyond_the_doses(
    sightings: list[Sighting], doses: int
) -> None:
    faults = [one for one in judge_pack(sightings, doses) if one.finding == "pack_used_up"]
    uses = sum(one.is_dose for one in sightings)
    assert len(faults) == max(0, uses - doses)
