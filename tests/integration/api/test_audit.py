"""The audit, for administrators: who looked at whom, and within the scope."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.integration.api.scene import DOCUMENT
from tests.integration.door import Door

_AUDIT = "/api/v1/audit"


def items(client: FlaskClient, **query: str) -> list[Any]:
    answer = client.get(_AUDIT, query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.get_json()["items"]
    return found


def test_a_look_at_a_person_is_found_by_who_what_and_when(door: Door, admin: FlaskClient) -> None:
    officer = door.client(door.token("officer", "451481"))
    door.clock.forward(minutes=5)
    officer.post("/api/v1/doses/d1/reveal", json={"reason": "call"})
    [line] = items(admin, action="reveal recipient")
    assert line == {
        "id": line["id"],
        "at": "2021-05-09T04:05:00Z",
        "actor": "officer-451481",
        "action": "reveal recipient",
        "object": "d1",
        "detail": {"site": "CLINIC", "reason": "call"},
    }
    assert items(admin, actor="officer-451481") == [line]
    assert items(admin, **{"from": "2021-05-09T12:05:00+08:00"})[-1] == line
    assert line not in items(admin, to="2021-05-09T04:05:00Z")
    assert items(admin, actor="nobody") == []
    assert DOCUMENT not in admin.get(_AUDIT).text


def test_it_comes_in_pages_newest_first(admin: FlaskClient) -> None:
    for _ in range(4):
        admin.post("/api/v1/doses/d1/reveal", json={"reason": "call"})
    seen, cursor = [], None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = admin.get(_AUDIT, query_string=query).get_json()
        seen += [int(one["id"]) for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) >= 5


def test_administrators_alone_read_it_and_those_of_a_division_only_their_own(
    door: Door, admin: FlaskClient
) -> None:
    for role, site in (("viewer", None), ("officer", None), ("vaccinator", "CLINIC")):
        client = door.client(door.token(role, "451481", site))
        assert client.get(_AUDIT).status_code == 403, role
    assert door.client().get(_AUDIT).status_code == 401
    officer = door.client(door.token("officer", "451481"))
    vaccinator = door.client(door.token("vaccinator", "451481", "CLINIC"))
    for client in (officer, vaccinator, admin):
        client.post("/api/v1/doses/d1/reveal", json={"reason": "call"})
    guangxi = door.client(door.token("admin", "450000"))
    beijing = door.client(door.token("admin", "110000"))
    clinic = door.client(door.token("admin", "451481", "CLINIC"))
    assert {one["actor"] for one in items(guangxi)} == {
        "officer-451481",
        "vaccinator-451481-CLINIC",
    }
    assert {one["actor"] for one in items(clinic)} == {"vaccinator-451481-CLINIC"}
    assert items(beijing) == []
    assert items(beijing, actor="admin") == []
    assert {"admin", "officer-451481"} <= {one["actor"] for one in items(admin)}


def test_a_query_that_makes_no_sense_is_refused(admin: FlaskClient) -> None:
    for query in ({"from": "yesterday"}, {"who": "admin"}, {"limit": "0"}, {"cursor": "x"}):
        assert admin.get(_AUDIT, query_string=query).status_code == 422, query
