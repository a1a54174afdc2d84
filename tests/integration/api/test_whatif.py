"""What other rules would have said, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.api.scene import moment
from tests.integration.door import Door

HOT = {"code": "hot", "level": "alarm", "side": "above", "limit_celsius": 10, "minutes": 60}
_ASKED: dict[str, Any] = {"from": moment(-10), "to": moment(0)}


def ask(client: FlaskClient, **more: Any) -> Any:
    return client.post("/api/v1/units/FRIDGE/what-if", json={**_ASKED, **more})


def test_a_preset_and_own_rules_each_find_their_own_episodes(admin: FlaskClient) -> None:
    before = admin.get("/api/v1/excursions").get_json()
    by_preset = ask(admin, profile="cdc-fridge").get_json()["excursions"]
    assert [(one["rule"], one["minutes"]) for one in by_preset] == [("hot", 120.0)]
    assert ask(admin, profile="who-fridge").get_json()["excursions"] == []
    own = ask(admin, rules=[HOT]).get_json()["excursions"]
    assert [(one["rule"], one["limit_celsius"]) for one in own] == [("hot", 10.0)]
    assert ask(admin, rules=[HOT | {"minutes": 121}]).get_json()["excursions"] == []
    assert admin.get("/api/v1/excursions").get_json() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"profile": "nobodys"},
        {"profile": "cn-fridge", "rules": [HOT]},
        {"rules": [HOT, HOT]},
        {"rules": [{"code": "hot", "level": "alarm", "side": "above"}]},
        {"rules": [HOT | {"window_minutes": 5}]},
        {"profile": "cn-fridge", "to": moment(-11)},
    ],
)
def test_a_question_that_makes_no_sense_is_a_problem(
    admin: FlaskClient, wrong: dict[str, Any]
) -> None:
    answer = ask(admin, **wrong)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")


def test_another_divisions_unit_is_not_there(door: Door, admin: FlaskClient) -> None:
    assert ask(admin, profile="cn-fridge").status_code == 200
    stranger = door.client(door.token("officer", "110000"))
    assert ask(stranger, profile="cn-fridge").status_code == 404


def test_a_province_makes_its_own_rules_and_no_others(door: Door, admin: FlaskClient) -> None:
    mine = {"code": "cn-fridge", "division": "450000", "rules": [HOT], "valid_from": moment(-100)}
    guangxi = door.client(door.token("admin", "450000"))
    assert guangxi.put("/api/v1/profiles", json=mine).status_code == 200
    rules = {one["rule"] for one in admin.get("/api/v1/excursions").get_json()["items"]}
    assert rules == {"hot"}
    assert [one["division"] for one in guangxi.get("/api/v1/profiles").get_json()["items"]] == [
        "450000"
    ]
    beijing = door.client(door.token("admin", "110000"))
    assert beijing.put("/api/v1/profiles", json=mine).status_code == 404
    assert beijing.get("/api/v1/profiles").get_json()["items"] == []
    country = {"code": "cn-fridge", "rules": [HOT]}
    assert guangxi.put("/api/v1/profiles", json=country).status_code == 404
