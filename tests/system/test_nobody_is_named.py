"""A whole scenario through the real web process: nothing it says outside names a person."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from tests.integration.api.scene import DOCUMENT, GTIN, MOVEMENTS, NUMBER, dose, moment
from tests.integration.country import REGISTRY, load_registry
from tests.integration.door import SECRET_KEY, Door
from tests.servers.fixtures import RunProcess
from tests.servers.program import free_port
from traceapp.db import open_database
from traceapp.models.account import Audit
from traceapp.models.dose import Recipient
from traceapp.models.rejection import Conflict, Rejection

NAME = "张三丰"
_EVENTS = "/api/v1/doses/d1/adverse-events"
_RECALL = "/api/v1/recalls/1"
_LOT = f"/api/v1/lots/{GTIN}/{NUMBER}/doses"


class Caller:
    """Whoever speaks HTTP to the process, and keeps what it heard."""

    def __init__(self, port: int, token: str) -> None:
        self._base, self._token = f"http://127.0.0.1:{port}", token

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._base}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers.as_string() + answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers.as_string() + refused.read().decode()


def event(**more: Any) -> dict[str, Any]:
    """An adverse event whose words name the person."""
    return {
        "id": "e1",
        "onset_at": moment(0),
        "reported_at": moment(1),
        "events": ["fever"],
        "seriousness": [],
        "outcome": "recovered",
        "reporter": "vaccinator",
        "description": f"{NAME}, {DOCUMENT}: 39 °C",
        **more,
    }


def story(caller: Caller, file: Path) -> dict[str, tuple[int, str]]:
    """Everything that is done with a person, and everything that goes wrong with it."""
    person = dose("d1")["recipient"]
    wrong = {**person, "document": int(DOCUMENT)}
    broken = f'{{"id": "d1", "recipient": {{"document": "{DOCUMENT}", "name": "{NAME}"'.encode()
    query = urllib.parse.urlencode({"code": DOCUMENT})
    asked: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/movements", MOVEMENTS),
        ("POST", "/api/v1/doses", dose("d1")),
        ("POST", "/api/v1/doses", dose("d1")),
        ("POST", "/api/v1/doses", dose("d1", recipient={**person, "name": NAME + "二"})),
        ("POST", "/api/v1/doses", dose("d2", recipient=wrong)),
        ("POST", "/api/v1/doses", dose("d2", site="NOWHERE")),
        ("POST", "/api/v1/doses", dose("d2", unit="NOWHERE")),
        ("POST", "/api/v1/doses", dose("d2", born_on="1990")),
        ("POST", "/api/v1/doses", broken),
        ("POST", "/api/v1/movements", [{"recipient": person, "document": 1}]),
        ("POST", "/api/v1/readings", {"sensor": "S1", "readings": [{"recipient": person}]}),
        ("PUT", "/api/v1/doses", dose("d2")),
        ("POST", _EVENTS, event()),
        ("POST", _EVENTS, event(description=f"{NAME} ({DOCUMENT}) again")),
        ("POST", _EVENTS, event(id="e2", description={DOCUMENT: NAME})),
        ("POST", _EVENTS, event(id="e2", onset_at=f"{NAME} {DOCUMENT}", events=[NAME, DOCUMENT])),
        ("POST", _EVENTS, event(id="e2", onset_at=moment(-500))),
        ("POST", _EVENTS, {**event(id="e2"), NAME: DOCUMENT}),
        ("GET", _EVENTS, None),
        ("GET", f"/api/v1/lots/{GTIN}/{NUMBER}/adverse-events", None),
        ("GET", "/api/v1/doses/d1/trace", None),
        ("GET", f"/api/v1/trace?{query}", None),
        ("POST", "/api/v1/trace", {"code": DOCUMENT}),
        ("GET", _LOT, None),
        ("GET", f"{_LOT}?format=csv", None),
        (
            "POST",
            f"{_LOT.removesuffix('/doses')}/recall",
            {"reason": f"ill: {DOCUMENT}", "class": 1},
        ),
        ("GET", _RECALL, None),
        ("GET", f"{_RECALL}?format=csv", None),
        ("GET", f"{_RECALL}/recipients", None),
        ("GET", f"{_RECALL}/recipients?format=csv", None),
        ("POST", "/api/v1/doses/d1/reveal", {"reason": "", "name": NAME}),
        ("GET", "/api/v1/audit", None),
        ("GET", "/api/v1/rejections", None),
        ("GET", "/readyz", None),
        ("GET", "/metrics", None),
    ]
    heard = {f"{n} {method} {path}": caller.ask(method, path, body)
             for n, (method, path, body) in enumerate(asked)}  # fmt: skip
    for why in ("call", f"for {NAME}, {DOCUMENT}"):
        status, text = caller.ask("POST", "/api/v1/doses/d1/reveal", {"reason": why})
        assert (status, DOCUMENT in text, NAME in json.loads(text[text.index("{") :])
                ["recipient"]["name"]) == (200, True, True)  # fmt: skip
        assert DOCUMENT in caller.ask("POST", _LOT, {"reason": why})[1]
    words = caller.ask("POST", "/api/v1/adverse-events/e1/reveal", {"reason": f"for {DOCUMENT}"})
    assert (words[0], DOCUMENT in words[1]) == (200, True)
    told = {"reason": f"the mother of {DOCUMENT}", "format": "csv"}
    assert DOCUMENT in caller.ask("POST", _LOT, told)[1]
    assert DOCUMENT in caller.ask("POST", f"{_RECALL}/recipients", told)[1]
    with sqlite3.connect(file) as connection:  # Something that breaks in the middle of an act.
        connection.execute("ALTER TABLE posting RENAME TO posting_away")
    for path, body in (("/api/v1/doses", dose("d9")), ("/api/v1/doses/d1/trace", None)):
        heard[f"broken {path}"] = caller.ask("POST" if body else "GET", path, body)
        assert heard[f"broken {path}"][0] in (500, 503)
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE posting_away RENAME TO posting")
    return heard


def test_no_log_no_answer_no_audit_and_no_table_names_a_person(
    sqlite_url: str, run_process: RunProcess
) -> None:
    database = open_database(sqlite_url)
    load_registry(database, REGISTRY)
    token = Door(database).token("admin")
    port = free_port()
    environ = {
        "TRACEAPP_DATABASE_URL": sqlite_url,
        "TRACEAPP_SECRET_KEY": SECRET_KEY,
        "TRACEAPP_BIND": f"127.0.0.1:{port}",
    }
    start = "from traceapp.cli import main; import sys; sys.argv[1:] = ['web']; main()"
    process = run_process(["-c", start], environ, ready="listening")
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    heard = story(Caller(port, token), file)
    with database.begin() as session:
        session.execute(update(Recipient).values(sealed=b"damaged, and told so"))
    assert Caller(port, token).ask("POST", "/api/v1/doses/d1/reveal", {"reason": "call"})[0] == 503
    process.stop()
    log = process.output
    assert "request_failed" in log
    assert "recipient_unreadable" in log
    for place, text in {"log": log, **{key: text for key, (_, text) in heard.items()}}.items():
        assert DOCUMENT not in text, place
        assert NAME not in text, place
        assert json.dumps(NAME)[1:-1] not in text, place
    with database.read() as session:
        kept = {
            "audit": str([(one.object, one.detail) for one in session.scalars(select(Audit))]),
            "conflict": str([(one.came, one.kept) for one in session.scalars(select(Conflict))]),
            "rejection": str(
                [(one.payload, one.got, one.field) for one in session.scalars(select(Rejection))]
            ),
        }
    database.close()
    for table, text in kept.items():
        assert text != "[]", table
        assert DOCUMENT not in text, table
        assert NAME not in text, table
    for part in sorted(file.parent.glob(f"{file.name}*")):
        content = part.read_bytes()
        assert DOCUMENT.encode() not in content, part.name
        assert NAME.encode() not in content, part.name
