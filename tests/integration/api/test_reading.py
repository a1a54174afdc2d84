"""Readings over HTTP: the same as over MQTT, and answered as a series."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import moment, warm_night
from tests.integration.door import Door
from traceapp.models.rejection import Rejection


def test_readings_are_stored_once(admin: FlaskClient) -> None:
    again = admin.post("/api/v1/readings", json=warm_night())
    assert again.status_code == 200
    assert again.get_json() == {"stored": 0, "repeated": 59, "refused": 0, "refusals": []}


def test_a_bad_item_is_refused_by_its_place_and_the_good_ones_are_taken(
    door: Door, admin: FlaskClient
) -> None:
    items = [
        {"at": moment(-0.1), "celsius": 4.0},
        {"at": "2021-05-09T08:00:00", "celsius": 4.0},
        {"at": moment(-0.2), "celsius": "cold"},
        {"at": moment(-0.3), "celsius": 4.0, "colour": "blue"},
        "rubbish",
    ]
    answer = admin.post("/api/v1/readings", json={"sensor": "S2", "readings": items})
    assert answer.status_code == 201
    receipt = answer.get_json()
    assert (receipt["stored"], receipt["refused"]) == (1, 4)
    assert [one["field"] for one in receipt["refusals"]] == [
        "[1].at",
        "[2].celsius",
        "[3].colour",
        "[4]",
    ]
    with door.database.read() as session:
        kept = session.scalars(select(Rejection.topic)).all()
    assert kept == ["POST /api/v1/readings"] * 4


def test_where_nothing_could_be_taken_the_answer_is_an_error(admin: FlaskClient) -> None:
    body = {"sensor": "S2", "readings": [{"at": "now", "celsius": 4.0}]}
    answer = admin.post("/api/v1/readings", json=body)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["[0].at"]


def test_another_value_for_a_known_moment_is_a_conflict(admin: FlaskClient) -> None:
    body = {"sensor": "S1", "readings": [{"at": moment(-10), "celsius": 5.5}]}
    answer = admin.post("/api/v1/readings", json=body)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    points = admin.get(
        "/api/v1/units/FRIDGE/readings", query_string={"from": moment(-11), "to": moment(-9.9)}
    ).get_json()["points"]
    assert [point["celsius"] for point in points] == [4.5]


def test_a_sensor_that_nobody_registered_is_kept(admin: FlaskClient) -> None:
    body = {"sensor": "NEW", "readings": [{"at": moment(-1), "celsius": 4.0}]}
    assert admin.post("/api/v1/readings", json=body).status_code == 201
    registered = admin.put("/api/v1/sensors/NEW", json={"unit": "CDC-1"})
    assert registered.status_code == 201
    points = admin.get("/api/v1/units/CDC-1/readings").get_json()["points"]
    assert [point["sensor"] for point in points] == ["NEW"]


def test_a_list_too_long_or_empty_or_none_is_refused(admin: FlaskClient) -> None:
    wrong: list[Any] = [[], [{}] * 1001, "x", None, {}]
    for readings in wrong:
        answer = admin.post("/api/v1/readings", json={"sensor": "S1", "readings": readings})
        assert answer.status_code == 422, readings


def test_the_series_holds_the_warm_night_and_its_excursion(admin: FlaskClient) -> None:
    series = admin.get("/api/v1/units/FRIDGE/readings?points=20").get_json()
    assert series["unit"] == "FRIDGE"
    assert series["limits"] == {"min_celsius": 2.0, "max_celsius": 8.0}
    assert len(series["points"]) <= 20
    assert max(point["celsius"] for point in series["points"]) == 12.0
    assert {one["level"] for one in series["excursions"]} == {"notice", "alarm"}
    assert series["from"].endswith("Z")


def test_a_series_that_ends_before_it_begins_is_refused(admin: FlaskClient) -> None:
    query = {"from": moment(0), "to": moment(-1)}
    answer = admin.get("/api/v1/units/FRIDGE/readings", query_string=query)
    assert answer.status_code == 422


def test_a_reading_from_far_ahead_is_refused(door: Door, admin: FlaskClient) -> None:
    ahead = (door.clock.now + timedelta(days=2)).isoformat()
    body = {"sensor": "S1", "readings": [{"at": ahead, "celsius": 4.0}]}
    answer = admin.post("/api/v1/readings", json=body)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["[0].at"]
