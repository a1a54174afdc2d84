"""Asking for refused messages again, over HTTP."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import select

from schemas.document import Refusal
from tests.integration.door import NOON, Door
from traceapp.capture.rejection import keep_rejection
from traceapp.models.rejection import Rejection

TOPIC = "coldchain/v1/{}/movements"


def refuse(door: Door, site: str, topic: str = TOPIC) -> None:
    refusal = Refusal("unknown_unit", "to", "a registered unit", "X")
    with door.database.begin() as session:
        keep_rejection(session, topic.format(site), site.encode(), refusal, NOON, site)


def asked(door: Door) -> list[str]:
    with door.database.read() as session:
        rows = session.scalars(select(Rejection).where(Rejection.replay_asked_at.is_not(None)))
        return sorted(row.site_code or "" for row in rows)


def test_an_officer_asks_for_what_lies_in_scope_and_nothing_beside(
    door: Door, admin: FlaskClient
) -> None:
    for site in ("CLINIC", "MAKER"):
        refuse(door, site)
    officer = door.client(door.token("officer", "450000"))
    answer = officer.post("/api/v1/rejections/replay", json={"reason": "unknown_unit"})
    assert (answer.status_code, answer.get_json()) == (202, {"asked": 1})
    assert asked(door) == ["CLINIC"]
    assert admin.post("/api/v1/rejections/replay", json={"site": "MAKER"}).get_json() == {
        "asked": 1
    }


def test_what_was_refused_over_http_was_answered_there_and_is_not_replayed(
    door: Door, admin: FlaskClient
) -> None:
    refuse(door, "CLINIC", "POST /api/v1/movements")
    answer = admin.post("/api/v1/rejections/replay", json={"site": "CLINIC"})
    assert answer.get_json() == {"asked": 0}


def test_a_body_that_names_nothing_is_a_problem(admin: FlaskClient) -> None:
    assert admin.post("/api/v1/rejections/replay", json={}).status_code == 422
