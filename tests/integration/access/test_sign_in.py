"""Coming in: one-time links, sessions, tokens, and requests that were forged."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.integration.door import Door
from traceapp.db import Database
from traceapp.models.account import Audit, Token


def _csrf(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get("/api/docs").text)
    assert found is not None
    return found.group(1)


def test_a_link_signs_in_once(door: Door) -> None:
    link = door.link()
    first, second = door.client(), door.client()
    assert first.post("/sign-in", data={"secret": link}).status_code == 303
    assert first.get("/api/docs").status_code == 200
    refused = second.post("/sign-in", data={"secret": link})
    assert refused.status_code == 403
    assert "Set-Cookie" not in refused.headers


def test_looking_at_a_link_does_not_use_it_up(door: Door) -> None:
    link = door.link()
    client = door.client()
    for _ in range(3):
        page = client.get(f"/sign-in?link={link}")
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
    assert client.post("/sign-in", data={"secret": link}).status_code == 303


def test_a_link_is_worth_nothing_after_an_hour(door: Door) -> None:
    link = door.link()
    door.clock.forward(hours=1)
    assert door.client().post("/sign-in", data={"secret": link}).status_code == 403


def test_a_bearer_token_signs_a_person_in_and_no_device(door: Door) -> None:
    officer, device = door.token("officer"), door.token("device")
    assert door.client().post("/sign-in", data={"secret": officer}).status_code == 303
    assert door.client().post("/sign-in", data={"secret": device}).status_code == 403


def test_a_session_ends_after_half_an_hour_of_nothing(door: Door) -> None:
    client = door.browser()
    for _ in range(4):
        door.clock.forward(minutes=29)
        assert client.get("/api/docs").status_code == 200
    door.clock.forward(minutes=31)
    answer = client.get("/api/docs")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/api/docs")


def test_a_session_ends_after_twelve_hours_however_busy(door: Door) -> None:
    client = door.browser()
    for _ in range(35):
        door.clock.forward(minutes=20)
        assert client.get("/api/docs").status_code == 200
    door.clock.forward(minutes=20)
    assert client.get("/api/docs").status_code == 303


def test_what_a_page_fetches_by_itself_keeps_no_session_alive(door: Door) -> None:
    client = door.browser()
    door.clock.forward(minutes=20)
    assert client.get("/api/docs", headers={"X-Refresh": "1"}).status_code == 200
    door.clock.forward(minutes=20)
    assert client.get("/api/docs", headers={"X-Refresh": "1"}).status_code == 401


def test_signing_out_ends_the_session_on_our_side(door: Door) -> None:
    client = door.browser()
    cookie = client.get_cookie("session")
    assert cookie is not None
    token = _csrf(client)
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    thief = door.client()
    thief.set_cookie("session", cookie.value)
    assert thief.get("/api/docs").status_code == 303


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({}, {}),
        ({}, {"csrf_token": "0" * 64}),
        ({"Sec-Fetch-Site": "cross-site"}, {"csrf_token": "right"}),
        ({"Sec-Fetch-Site": "same-site"}, {"csrf_token": "right"}),
        ({"Origin": "https://evil.example"}, {"csrf_token": "right"}),
    ],
)
def test_a_forged_request_changes_nothing(
    door: Door, headers: dict[str, str], data: dict[str, str]
) -> None:
    client = door.browser()
    if data.get("csrf_token") == "right":
        data = {"csrf_token": _csrf(client)}
    assert client.post("/sign-out", data=data, headers=headers).status_code == 403
    assert client.get("/api/docs").status_code == 200


def test_another_sites_form_cannot_sign_a_person_in(door: Door) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    link = door.link()
    assert door.client().post("/sign-in", data={"secret": link}, headers=headers).status_code == 403
    assert door.client().post("/sign-in", data={"secret": link}).status_code == 303


def test_the_way_back_after_signing_in_stays_with_us(door: Door) -> None:
    for place in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = door.client().post("/sign-in", data={"secret": door.link(), "next": place})
        assert answer.location == "/"
    answer = door.client().post("/sign-in", data={"secret": door.link(), "next": "/api/docs"})
    assert answer.location == "/api/docs"


def test_secrets_are_kept_as_digests_only(door: Door) -> None:
    secret = door.token("viewer")
    with door.database.read() as session:
        kept = session.scalars(select(Token.digest)).all()
    assert len(kept) == 1
    assert secret not in kept[0]


def test_coming_and_going_is_audited(door: Door) -> None:
    client = door.browser()
    client.post("/sign-out", data={"csrf_token": _csrf(client)})
    with door.database.read() as session:
        assert session.scalars(select(Audit.action).order_by(Audit.id)).all() == [
            "sign in",
            "sign out",
        ]
        assert session.scalar(select(func.count()).select_from(Audit)) == 2


def test_behind_https_the_cookie_is_bound_to_the_host(door: Door) -> None:
    secure = Door(door.database, base_url="https://trace.example.org")
    answer = secure.client().post("/sign-in", data={"secret": secure.link()})
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"]


def test_every_answer_carries_the_headers_and_pages_are_not_stored(door: Door) -> None:
    for path in ("/sign-in", "/healthz", "/api/v1/openapi.json", "/nowhere"):
        headers = door.client().get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"


def test_an_account_that_was_closed_stays_outside(door: Door) -> None:
    client = door.client(door.token("viewer"))
    assert client.get("/api/v1/openapi.json").status_code == 200
    _close_all(door.database)
    assert client.get("/api/v1/openapi.json").status_code == 401


def _close_all(database: Database) -> None:
    from sqlalchemy import update

    from traceapp.models.account import Account

    with database.begin() as session:
        session.execute(update(Account).values(is_active=False))
