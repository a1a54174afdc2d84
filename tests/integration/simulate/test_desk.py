"""The desk of a clinic: what it says of an API that answers, refuses, or is not there."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.servers.program import free_port
from traceapp.simulate.desk import Desk, DeskRefused, DeskUnreachable


class Api(BaseHTTPRequestHandler):
    """Answers with what it was asked, two pages of a list, and a problem."""

    def do_GET(self) -> None:
        """Answer a page of the list."""
        is_last = "cursor=2" in self.path
        page = {"items": [2] if is_last else [0, 1], "next": None if is_last else "2"}
        self._answer(200, page)

    def do_POST(self) -> None:
        """Refuse with a problem document, or answer what came."""
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if document == "bad":
            problem = {"title": "Wrong", "detail": "Expected good, got bad.", "status": 422}
            self._answer(422, problem)
        else:
            self._answer(201, {"came": document, "as": self.headers["Authorization"]})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_this_machine_is_asked_directly_whatever_proxy_is_set(api: str) -> None:
    said = Desk(api, "secret").post("/api/v1/doses", {"name": "张某"})
    assert said == {"came": {"name": "张某"}, "as": "Bearer secret"}


def test_a_list_is_read_page_after_page(api: str) -> None:
    assert list(Desk(api).every("/api/v1/excursions")) == [0, 1, 2]


def test_a_problem_is_told_in_its_own_words(api: str) -> None:
    with pytest.raises(DeskRefused, match=r"422 Wrong - Expected good, got bad\."):
        Desk(api).post("/api/v1/doses", "bad")


def test_nobody_there_is_another_error_than_a_refusal() -> None:
    with pytest.raises(DeskUnreachable):
        Desk(f"http://127.0.0.1:{free_port()}").get("/readyz")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(DeskRefused, match="Expected http"):
        Desk("file:///etc/passwd")
