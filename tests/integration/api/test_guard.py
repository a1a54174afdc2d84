"""Every route against every role, and against nobody."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from tests.integration.api.scene import play
from tests.integration.door import Door
from traceapp.access.guard import Guard, guard_of
from traceapp.access.visitor import ROLES

_PLACES = {
    "code": "FRIDGE",
    "number": "1",
    "gtin": "06901234567892",
    "filename": "traceapp.css",
    "language": "en",
}


def _routes(app: Flask) -> Iterator[tuple[str, str, Guard]]:
    """Yield the method, an address and the guard of every route."""
    for rule in app.url_map.iter_rules():
        guard = guard_of(app, rule.endpoint)
        assert guard is not None, rule
        values = {name: _PLACES[name] for name in rule.arguments}
        if "<division:" in rule.rule:
            values["code"] = "450000"
        if "<gtin:code>" in rule.rule:
            values["code"] = _PLACES["gtin"]
        address = app.url_map.bind("localhost").build(rule.endpoint, values)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield method, address, guard


def test_a_stranger_finds_only_what_is_public(door: Door) -> None:
    client = door.client()
    for method, address, guard in _routes(door.app):
        status = client.open(address, method=method, buffered=True).status_code
        if guard.is_public:
            assert status not in (401, 500), (method, address)
        elif address.startswith("/api/v1/") or method != "GET":
            assert status == 401, (method, address)
        else:
            assert status == 303, (method, address)


def test_each_role_does_what_its_routes_allow_and_nothing_else(door: Door) -> None:
    play(door)
    clients = {role: door.client(door.token(role, site=_site(role))) for role in ROLES}
    for method, address, guard in _routes(door.app):
        if guard.is_public or address == "/sign-out":
            continue
        for role, client in clients.items():
            status = client.open(address, method=method, buffered=True).status_code
            if role in guard.roles:
                assert status not in (401, 403, 405, 500), (role, method, address)
            else:
                assert status == 403, (role, method, address)


def test_a_token_that_is_wrong_in_any_way_is_nobody(door: Door) -> None:
    token = door.token("admin")
    for header in ("", "Bearer", "Bearer ", "Basic abc", f"Bearer {token}x", f"Token {token}"):
        answer = door.client().get("/api/v1/sites", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for kind in ("link", "session"):
        secret = door.link("viewer") if kind == "link" else "ccs_none"
        answer = door.client(secret).get("/api/v1/sites")
        assert answer.status_code == 401, kind


def test_a_view_that_declares_nothing_is_for_nobody(door: Door) -> None:
    door.app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert door.client().get("/forgotten").status_code == 403
    assert door.client(door.token("admin")).get("/forgotten").status_code == 403


def _site(role: str) -> str | None:
    return "CLINIC" if role == "vaccinator" else None
