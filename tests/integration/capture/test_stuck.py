"""A probe whose value stays while its neighbour moves is stuck, in whatever order that is told."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.integration.capture.test_reading import at, count, excursions, send
from tests.integration.country import load_registry
from traceapp.capture.judging import judge_sensors
from traceapp.db import Database
from traceapp.models.excursion import Run
from traceapp.models.outbox import Outbox
from traceapp.models.sensor import Sensor

DAY = range(0, 1_440, 10)


def stays(celsius: float = 4.2) -> list[tuple[float, float]]:
    return [(minute, celsius) for minute in DAY]


def moves(by: float, at_minute: float = 400) -> list[tuple[float, float]]:
    return [(minute + 5, 4.0 if minute < at_minute else 4.0 + by) for minute in DAY]


def stuck(database: Database) -> list[tuple[float, float, float | None, str]]:
    """The episodes as (started, triggered, ended, level), in minutes."""

    def minute(moment: datetime) -> float:
        return (moment - at(0)) / timedelta(minutes=1)

    return [
        (
            minute(one.started_at),
            minute(one.triggered_at),
            None if one.ended_at is None else minute(one.ended_at),
            one.level,
        )
        for one in excursions(database, "stuck")
    ]


def test_a_probe_is_stuck_once_its_value_has_lasted_and_its_neighbour_has_moved(
    database: Database,
) -> None:
    send(database, "S1", *stays())
    assert stuck(database) == []
    send(database, "S2", *moves(1.0, at_minute=900))
    assert stuck(database) == [(0, 905, None, "notice")]
    send(database, "S1", (1_440, 4.3))
    assert stuck(database) == [(0, 905, 1_440, "notice")]


def test_a_neighbour_that_moved_early_lets_the_half_day_decide(database: Database) -> None:
    send(database, "S2", *moves(-1.5, at_minute=100))
    send(database, "S1", *stays())
    assert stuck(database) == [(0, 720, None, "notice")]


def test_nobody_is_mailed_for_it(database: Database) -> None:
    send(database, "S2", *moves(1.5))
    send(database, "S1", *stays())
    assert len(stuck(database)) == 1
    assert count(database, Outbox) == 0


def test_where_the_neighbour_hardly_moves_or_there_is_none_no_probe_is_stuck(
    database: Database,
) -> None:
    send(database, "S1", *stays())
    send(database, "S2", *moves(0.9))
    send(database, "C1", *stays())
    assert stuck(database) == []


def test_a_neighbour_that_moves_before_or_after_is_no_witness(database: Database) -> None:
    send(database, "S2", (-20, 2.5), (-10, 2.5), *moves(0.0), (1_450, 7.0))
    send(database, "S1", *stays())
    assert stuck(database) == []


def test_a_late_reading_that_says_otherwise_withdraws_it(database: Database) -> None:
    send(database, "S1", *stays())
    send(database, "S2", *moves(1.5))
    send(database, "S1", (712, 4.3))
    assert stuck(database) == []


def test_a_value_that_came_twice_leaves_nothing_behind(database: Database) -> None:
    send(database, "S1", *stays()[:70])
    with database.read() as session:
        assert session.scalars(select(Run)).all() == []


def test_a_sensor_put_beside_it_later_is_a_witness_from_then_on(database: Database) -> None:
    send(database, "S1", *stays())
    send(database, "C1", *moves(1.5, at_minute=900))
    moved = {"kind": "sensor", "code": "C1", "unit": "FRIDGE", "interval_s": 600}
    load_registry(database, [moved | {"attached_from": at(950).isoformat()}])
    assert stuck(database) == []
    load_registry(database, [moved | {"unit": "CDC-1", "attached_from": at(951).isoformat()}])
    load_registry(database, [moved | {"attached_from": at(1_500).isoformat()}])
    assert stuck(database) == []


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_and_any_batches_it_is_the_same(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    way = [("S1", *pair) for pair in stays()] + [("S2", *pair) for pair in moves(1.5)]
    way += [("S1", 1_440, 4.3)]
    if seed:
        chance.shuffle(way)
    while way:
        batch, way = way[: (size := chance.randint(10, 60))], way[size:]
        for code in ("S1", "S2"):
            mine = [(minute, celsius) for one, minute, celsius in batch if one == code]
            if mine:
                send(database, code, *mine)
    assert stuck(database) == [(0, 720, 1_440, "notice")]


def test_judging_again_changes_nothing(database: Database) -> None:
    send(database, "S1", *stays())
    send(database, "S2", *moves(1.5))
    before = stuck(database)
    with database.begin() as session:
        judge_sensors(session, list(session.scalars(select(Sensor.id))), at(1_500))
    assert stuck(database) == before


@pytest.mark.parametrize("minute", [-10, 360, 720])
def test_one_late_reading_may_make_a_value_stay_for_long_enough(
    database: Database, minute: float
) -> None:
    send(database, "S2", *moves(1.5, at_minute=100))
    readings = [(float(one), 4.2) for one in range(-10, 730, 10) if one not in (minute, 350, 370)]
    if minute != 360:  # Half a day is from the first to the last of them.
        readings = [(one, c) for one, c in readings if one != (720 if minute == -10 else -10)]
        readings += [(350, 4.2), (370, 4.2)]
    send(database, "S1", (-40, 9.9), (-20, 5.0), *sorted(readings), (730, 5.0))
    assert stuck(database) == []
    send(database, "S1", (minute, 4.2), (minute + 0.5, 4.2))
    assert len(stuck(database)) == 1
