"""Any code in hand, over HTTP and from the box of the pages."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER
from tests.integration.door import Door
from traceapp.models.account import Audit

_CODES = [
    ("d1", "dose", "/doses/d1"),
    (NUMBER, "lot", f"/lots/{GTIN}/{NUMBER}"),
    (f"(01){GTIN}(10){NUMBER}", "lot", f"/lots/{GTIN}/{NUMBER}"),
    (f"https://id.gs1.org/01/{GTIN}/10/{NUMBER}", "lot", f"/lots/{GTIN}/{NUMBER}"),
    ("m2", "movement", f"/lots/{GTIN}/{NUMBER}"),
    ("FRIDGE", "unit", "/units/FRIDGE"),
    ("S1", "unit", "/units/FRIDGE"),
    (DOCUMENT, "recipient", "/doses/d1"),
]


def test_a_code_leads_to_what_it_names(admin: FlaskClient) -> None:
    for code, kind, url in _CODES:
        for answer in (
            admin.get("/api/v1/trace", query_string={"code": code}),
            admin.post("/api/v1/trace", json={"code": code}),
        ):
            assert (kind, url) in [(one["kind"], one["url"]) for one in answer.get_json()["items"]]


def test_a_code_that_names_nothing_has_no_answer(admin: FlaskClient) -> None:
    assert admin.post("/api/v1/trace", json={"code": "nothing"}).get_json()["items"] == []
    for code in ("", "a\0b", 7, None, "x" * 257):
        assert admin.post("/api/v1/trace", json={"code": code}).status_code == 422


def test_that_a_person_was_looked_for_is_audited_without_the_number(
    door: Door, admin: FlaskClient
) -> None:
    admin.post("/api/v1/trace", json={"code": DOCUMENT})
    with door.database.read() as session:
        lines = session.scalars(select(Audit).where(Audit.action == "find recipient")).all()
    assert [line.detail for line in lines] == [{"doses": ["d1"]}]
    assert DOCUMENT not in str([(line.object, line.detail) for line in lines])


def test_the_box_of_the_pages_goes_straight_to_the_only_answer(
    door: Door, admin: FlaskClient
) -> None:
    browser = door.browser()
    token = re.search(r'name="csrf_token" value="(\w+)"', browser.get("/lookup").text)
    assert token is not None
    answer = browser.post("/lookup", data={"csrf_token": token.group(1), "code": " FRIDGE\n"})
    assert (answer.status_code, answer.location) == (303, "/units/FRIDGE")
    nothing = browser.post("/lookup", data={"csrf_token": token.group(1), "code": "no\0thing"})
    assert nothing.status_code == 200
    assert DOCUMENT not in nothing.text
