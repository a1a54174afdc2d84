"""The registry over HTTP: PUT takes what GET answers."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import Door

_DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("divisions/450100", {"code": "450100", "name": "南宁市", "name_en": "Nanning"}),
    (
        "sites/NEW",
        {"code": "NEW", "name": "新站", "type": "clinic", "division": "450100", "lat": 22.8},
    ),
    (
        "units/NEW-1",
        {
            "code": "NEW-1",
            "site": "CLINIC",
            "name": "新",
            "type": "freezer",
            "profile": "cdc-freezer",
        },
    ),
    ("sensors/NEW-S", {"code": "NEW-S", "unit": "FRIDGE", "interval_s": 300, "silence_s": 900}),
    (
        "products/06901234567809",
        {
            "gtin": "06901234567809",
            "name": "疫苗",
            "doses_per_pack": 2,
            "storage": {"min_celsius": -25.0, "max_celsius": -15.0},
            "freeze_sensitive": False,
            "vvm": "VVM7",
            "budget": {"above_8_minutes": 60.0},
        },
    ),
]


def test_what_is_put_is_what_is_answered(admin: FlaskClient) -> None:
    for path, document in _DOCUMENTS:
        _assert_kept(admin, path, document)


def _assert_kept(admin: FlaskClient, path: str, document: dict[str, Any]) -> None:
    kind = path.split("/")[0].removesuffix("s")
    first = admin.put(f"/api/v1/{path}", json={"kind": kind, **document})
    assert first.status_code == 201, first.text
    again = admin.put(f"/api/v1/{path}", json=document)
    assert again.status_code == 200
    got = admin.get(f"/api/v1/{path}").get_json()
    assert got == first.get_json() == again.get_json()
    assert got == got | document
    listed = admin.get(f"/api/v1/{path.split('/')[0]}?limit=500").get_json()["items"]
    assert got in listed


def test_the_name_in_the_body_may_be_left_out_and_must_not_differ(admin: FlaskClient) -> None:
    site = {"name": "新站", "type": "clinic", "division": "450100"}
    assert admin.put("/api/v1/sites/NEW", json=site).status_code == 201
    answer = admin.put("/api/v1/sites/NEW", json={**site, "code": "OTHER"})
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["code"]
    other_kind = admin.put("/api/v1/sites/NEW", json={**site, "kind": "unit"})
    assert list(other_kind.get_json()["errors"]) == ["kind"]


def test_a_place_that_nobody_registered_is_named(admin: FlaskClient) -> None:
    unit = {"site": "NOWHERE", "name": "新", "type": "freezer"}
    answer = admin.put("/api/v1/units/NEW-1", json=unit)
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["site"]


def test_contacts_are_put_and_listed_without_an_address_in_the_url(
    door: Door, admin: FlaskClient
) -> None:
    contact = {"email": "new@cdc.example", "division": "450100", "level": "notice"}
    assert admin.put("/api/v1/contacts", json=contact).status_code == 200
    emails = [one["email"] for one in admin.get("/api/v1/contacts").get_json()["items"]]
    assert "new@cdc.example" in emails
    assert door.client(door.token("viewer")).get("/api/v1/contacts").status_code == 403


def test_a_list_comes_in_pages(admin: FlaskClient) -> None:
    everything = [one["code"] for one in admin.get("/api/v1/units").get_json()["items"]]
    paged: list[str] = []
    cursor: str | None = None
    while not paged or cursor:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = admin.get("/api/v1/units", query_string=query).get_json()
        paged += [one["code"] for one in page["items"]]
        cursor = page["next"]
    assert paged == everything == sorted(everything)


def test_a_budget_with_another_name_or_of_no_minutes_is_refused(admin: FlaskClient) -> None:
    for budget in ({"above_--8_minutes": 5}, {"above_\uff18_minutes": 5}, {"above_8_minutes": 0}):
        document = {"name": "疫苗", "budget": budget}
        answer = admin.put("/api/v1/products/06901234567892", json=document)
        assert answer.status_code == 422, budget


def test_an_officer_sees_the_contacts_of_every_division_below(door: Door) -> None:
    load_registry(door.database, REGISTRY)
    officer = door.client(door.token("officer", "450000"))
    seen = [one["email"] for one in officer.get("/api/v1/contacts").get_json()["items"]]
    assert seen == ["both@cdc.example", "duty@cdc.example"]
