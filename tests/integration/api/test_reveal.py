"""Seeing a person unmasked: who may, only with a reason, and written down."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.integration.api.scene import DOCUMENT, GTIN, NUMBER, dose
from tests.integration.door import Door
from traceapp.models.account import Audit
from traceapp.models.dose import Dose, Recipient

_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}/doses"
_WHY = {"reason": "call the family"}


def lines(door: Door, action: str) -> list[Audit]:
    with door.database.read() as session:
        return list(session.scalars(select(Audit).where(Audit.action == action)))


def test_a_person_is_shown_for_a_reason_that_is_written_down(
    door: Door, admin: FlaskClient
) -> None:
    answer = admin.post("/api/v1/doses/d1/reveal", json=_WHY)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "dose": "d1",
        "recipient": {
            "document": DOCUMENT,
            "document_type": "resident",
            "name": "张三丰",
            "born_on": None,
            "sex": None,
        },
    }
    assert answer.headers["Cache-Control"] == "no-store"
    [line] = lines(door, "reveal recipient")
    assert (line.actor, line.object, line.at) == ("admin", "d1", door.clock())
    assert line.detail == {"site": "CLINIC", "reason": "call the family"}


def test_it_is_asked_for_by_post_and_with_a_reason(door: Door, admin: FlaskClient) -> None:
    assert admin.get("/api/v1/doses/d1/reveal").status_code == 405
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "\u200b \u3000"}, {"reason": 7}):
        answer = admin.post("/api/v1/doses/d1/reveal", json=body)
        assert answer.status_code == 422, body
        assert list(answer.get_json()["errors"]) == ["reason"]
        assert admin.post(_LOT, json=body).status_code == 422
    extra = admin.post("/api/v1/doses/d1/reveal", json={**_WHY, "document": DOCUMENT})
    assert extra.status_code == 422
    assert lines(door, "reveal recipient") == []


def test_each_role_sees_what_it_must(door: Door, admin: FlaskClient) -> None:
    seen = {
        ("admin", "451481", None): 200,
        ("officer", "450000", None): 200,
        ("officer", "110000", None): 404,
        ("officer", "451482", None): 404,
        ("admin", "110000", None): 404,
        ("vaccinator", "451481", "CLINIC"): 200,
        ("vaccinator", "451481", "CDC"): 404,
        ("viewer", "451481", None): 403,
        ("device", "451481", "CLINIC"): 403,
    }
    for (role, division, site), status in seen.items():
        client = door.client(door.token(role, division, site))
        answer = client.post("/api/v1/doses/d1/reveal", json=_WHY)
        assert answer.status_code == status, (role, division, site)
        assert (DOCUMENT in answer.text) == (status == 200)
        listed = client.post(_LOT, json=_WHY)
        assert (DOCUMENT in listed.text) == (status == 200), (role, division, site)
    assert door.client().post("/api/v1/doses/d1/reveal", json=_WHY).status_code == 401
    assert len(lines(door, "reveal recipient")) == 3
    assert admin.post("/api/v1/doses/none/reveal", json=_WHY).status_code == 404


def test_the_list_of_a_lot_is_unmasked_for_a_reason_and_else_masked(
    door: Door, admin: FlaskClient
) -> None:
    admin.post("/api/v1/doses", json=dose("d2", hours=-0.5, dose_number=2))
    assert DOCUMENT not in admin.get(_LOT).text
    first = admin.post(_LOT, json={**_WHY, "limit": 1}).get_json()
    second = admin.post(_LOT, json={**_WHY, "limit": 1, "cursor": first["next"]}).get_json()
    found = [*first["items"], *second["items"]]
    assert [(one["id"], one["recipient"]["document"]) for one in found] == [
        ("d2", DOCUMENT),
        ("d1", DOCUMENT),
    ]
    assert second["next"] is None
    details = [line.detail or {} for line in lines(door, "reveal recipients")]
    assert [(one["doses"], one["reason"]) for one in details] == [
        (["d2"], "call the family"),
        (["d1"], "call the family"),
    ]


def test_the_list_of_a_lot_comes_unmasked_as_a_table(door: Door, admin: FlaskClient) -> None:
    answer = admin.post(_LOT, json={**_WHY, "format": "csv"})
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    [row] = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert (row["name"], row["document"], row["document_type"]) == ("张三丰", DOCUMENT, "resident")
    [line] = lines(door, "reveal recipients")
    assert (line.object, line.detail) == (
        f"{GTIN}/{NUMBER}",
        {"format": "csv", "reason": "call the family"},
    )


def test_a_cell_that_a_spreadsheet_would_run_is_only_text(admin: FlaskClient) -> None:
    who = {"document": "=1+1", "document_type": "passport", "name": "@SUM(A1)"}
    admin.post("/api/v1/doses", json=dose("d2", hours=-0.5, recipient=who))
    text = admin.post(_LOT, json={**_WHY, "format": "csv"}).text
    assert "'=1+1" in text
    assert "'@SUM(A1)" in text


@pytest.mark.parametrize(
    "reason",
    [
        f"for {DOCUMENT}",
        "４５１４８１１９９００１０１１２３４ 张三丰",
        "4514 8119 9001 0112 34 and 张三丰",
        "451481-19900101-1234",
        "mother: 110105194912310021, 13800138000",
    ],
)
def test_a_reason_that_names_somebody_names_nobody_in_the_audit(
    door: Door, admin: FlaskClient, reason: str
) -> None:
    answer = admin.post("/api/v1/doses/d1/reveal", json={"reason": reason})
    assert answer.status_code == 200
    listed = admin.post(_LOT, json={"reason": reason})
    assert listed.status_code == 200
    for action in ("reveal recipient", "reveal recipients"):
        [line] = lines(door, action)
        kept = re.sub(r"[\W_]", "", str(line.detail))
        for secret in (DOCUMENT, "张三丰", "110105194912310021", "13800138000"):
            assert secret not in kept


def test_what_was_forgotten_cannot_be_shown_and_the_dose_stays(
    door: Door, admin: FlaskClient
) -> None:
    with door.database.begin() as session:
        session.execute(update(Dose).values(recipient_id=None))
    answer = admin.post("/api/v1/doses/d1/reveal", json=_WHY)
    assert (answer.status_code, "forgotten" in answer.text) == (404, True)
    assert admin.get("/api/v1/doses/d1/trace").get_json()["dose"]["recipient"] is None
    for listed in (admin.get(_LOT), admin.post(_LOT, json=_WHY)):
        assert [one["recipient"] for one in listed.get_json()["items"]] == [None]
    assert "d1" in admin.post(_LOT, json={**_WHY, "format": "csv"}).text
    assert "d1" in admin.get(f"{_LOT}?format=csv").text
    assert admin.post("/api/v1/doses", json=dose("d1")).status_code == 200
    assert admin.get("/api/v1/excursions/1/impact").get_json()["recipients"] == 0


@pytest.mark.parametrize("damage", [{"key_id": "0" * 16}, {"sealed": b"nothing of ours at all"}])
def test_a_record_that_no_key_opens_is_told_and_holds_nothing_else_up(
    door: Door, admin: FlaskClient, damage: dict[str, Any]
) -> None:
    with door.database.begin() as session:
        session.execute(update(Recipient).values(damage))
    answer = admin.post("/api/v1/doses/d1/reveal", json=_WHY)
    assert answer.status_code == 503
    assert "cannot be opened" in answer.get_json()["detail"]
    assert lines(door, "reveal recipient") == []
    [item] = admin.post(_LOT, json=_WHY).get_json()["items"]
    assert item["recipient"]["document"] == "4514**********1234"
    assert admin.post("/api/v1/doses", json=dose("d1")).status_code == 200
    assert admin.post("/api/v1/doses", json=dose("d2", dose_number=2)).status_code == 201
    assert "4514**********1234" in admin.get("/api/v1/doses/d2/trace").text
