"""Excursions over HTTP: episodes, and how far each one reached."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.scene import dose, moment
from tests.integration.door import Door


def test_episodes_are_listed_newest_first_and_in_pages(admin: FlaskClient) -> None:
    page = admin.get("/api/v1/excursions?limit=1").get_json()
    rest = admin.get("/api/v1/excursions", query_string={"cursor": page["next"]}).get_json()
    both = page["items"] + rest["items"]
    assert {one["rule"] for one in both} == {"warm", "hot"}
    assert {one["minutes"] for one in both} == {120.0}
    assert rest["next"] is None


def test_episodes_are_found_by_place_time_and_state(admin: FlaskClient) -> None:
    def count(**query: str) -> int:
        return len(admin.get("/api/v1/excursions", query_string=query).get_json()["items"])

    assert count(unit="FRIDGE") == 2
    assert count(unit="CDC-1") == 0
    assert count(site="CLINIC") == 2
    assert count(division="450000") == 2
    assert count(division="110000") == 0
    assert count(state="ended") == 2
    assert count(state="open") == 0
    assert count(**{"from": moment(-7), "to": moment(-6)}) == 2
    assert count(to=moment(-8)) == 0


def test_one_episode_tells_its_e_mails_masked_for_those_who_look(
    door: Door, admin: FlaskClient
) -> None:
    hot = _hot(admin)
    document = admin.get(f"/api/v1/excursions/{hot['id']}").get_json()
    assert {mail["email"] for mail in document["mails"]} == {"duty@cdc.example", "both@cdc.example"}
    viewer = door.client(door.token("viewer"))
    masked = viewer.get(f"/api/v1/excursions/{hot['id']}").get_json()
    assert {mail["email"] for mail in masked["mails"]} == {"d***@cdc.example", "b***@cdc.example"}


def test_the_blast_radius_counts_what_was_given_afterwards(admin: FlaskClient) -> None:
    admin.post("/api/v1/doses", json=dose("before", hours=-9, dose_number=2))
    hot = _hot(admin)
    impact = admin.get(f"/api/v1/excursions/{hot['id']}/impact").get_json()
    assert [one["id"] for one in impact["doses"]] == ["d1"]
    assert impact["recipients"] == 1
    assert impact["lots"][0]["doses_present"] == 99


def _hot(client: FlaskClient) -> dict[str, Any]:
    found = client.get("/api/v1/excursions").get_json()["items"]
    return next(one for one in found if one["rule"] == "hot")


def test_the_health_of_a_sensor_is_listed_only_where_somebody_asks_for_it(
    admin: FlaskClient,
) -> None:
    readings = [{"at": moment(-0.1), "celsius": 5.0, "battery": 3}]
    admin.post("/api/v1/readings", json={"sensor": "S1", "readings": readings})

    def sides(**query: str) -> set[str]:
        page = admin.get("/api/v1/excursions", query_string=query).get_json()
        return {one["side"] for one in page["items"]}

    assert "battery" in sides(about="sensor")
    assert sides() & {"battery", "jump", "clock", "missing"} == set()
