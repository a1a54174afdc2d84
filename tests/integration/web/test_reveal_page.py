"""The pages that show people: a form with a reason, an answer that is shown once."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, play
from tests.integration.door import Door
from traceapp.models.account import Audit

_LOT = f"/lots/{GTIN}/{NUMBER}/doses"


@pytest.fixture
def admin(door: Door) -> FlaskClient:
    """The administrator's browser after the story."""
    play(door)
    return door.browser()


def fields(page: str) -> dict[str, str]:
    """What the hidden fields of a page's forms hold."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


@pytest.mark.parametrize(("language", "word"), [("zh", "查看本人信息"), ("en", "Show the person")])
def test_the_page_of_a_dose_shows_the_person_once_for_a_reason(
    door: Door, admin: FlaskClient, language: str, word: str
) -> None:
    admin.get(f"/language/{language}")
    page = admin.get("/doses/d1").text
    assert word in page
    answer = admin.post("/doses/d1/reveal", data={**fields(page), "reason": "回访"})
    assert answer.status_code == 200
    assert DOCUMENT in answer.text
    assert "张三丰" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert DOCUMENT not in admin.get("/doses/d1").text
    assert admin.get("/doses/d1/reveal").status_code == 405
    with door.database.read() as session:
        [line] = session.scalars(select(Audit).where(Audit.action == "reveal recipient"))
    assert (line.actor, line.object, line.detail) == (
        "admin",
        "d1",
        {"site": "CLINIC", "reason": "回访"},
    )


def test_without_a_reason_or_from_elsewhere_nothing_is_shown(
    door: Door, admin: FlaskClient
) -> None:
    hidden = fields(admin.get("/doses/d1").text)
    for path in ("/doses/d1/reveal", _LOT):
        for reason in ("", "   ", "?"):
            refused = admin.post(path, data={**hidden, "reason": reason})
            assert refused.status_code == 422
            assert DOCUMENT not in refused.text
        assert admin.post(path, data={"reason": "because"}).status_code == 403
        forged = {"Sec-Fetch-Site": "cross-site"}
        answer = admin.post(path, data={**hidden, "reason": "because"}, headers=forged)
        assert answer.status_code == 403


def test_those_who_only_look_are_offered_nothing_and_given_nothing(
    door: Door, admin: FlaskClient
) -> None:
    viewer = door.browser("viewer", "451481")
    page = viewer.get("/doses/d1").text
    assert "/reveal" not in page
    lot_page = viewer.get(_LOT).text
    assert 'name="reason"' not in lot_page
    for path in ("/doses/d1/reveal", _LOT):
        answer = viewer.post(path, data={**fields(page), "reason": "because"})
        assert answer.status_code == 403
        assert DOCUMENT not in answer.text


def test_the_page_of_a_lot_shows_its_people_or_all_of_them_as_a_table(
    door: Door, admin: FlaskClient
) -> None:
    page = admin.get(_LOT).text
    assert DOCUMENT not in page
    told = {**fields(page), "reason": "召回"}
    shown = admin.post(_LOT, data=told)
    assert DOCUMENT in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    table = admin.post(_LOT, data={**told, "format": "csv"})
    assert table.content_type == "text/csv; charset=utf-8"
    assert DOCUMENT in table.text
    with door.database.read() as session:
        lines = session.scalars(select(Audit).where(Audit.action == "reveal recipients")).all()
    assert [(line.detail or {})["format"] for line in lines] == ["json", "csv"]
