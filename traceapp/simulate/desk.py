"""The HTTP door as anybody outside uses it: a bearer token, JSON, problem documents."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

SECONDS_TO_WAIT = 30
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class DeskRefused(Exception):
    """The API could not be reached, or answered with a problem."""


class DeskUnreachable(DeskRefused):
    """Nobody answered: the same may be asked again."""


class Desk:
    """Speaks to `/api/v1` of one installation."""

    def __init__(self, url: str, token: str = "") -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise DeskRefused(f"Expected http://host:port or https://host, got {url}")
        self.url = url.rstrip("/")
        self.token = token
        # A machine's proxy leads elsewhere: what listens on this machine is asked directly.
        is_here = urlsplit(url).hostname in LOOPBACK
        proxies = [urllib.request.ProxyHandler({})] if is_here else []
        self._opener = urllib.request.build_opener(*proxies)

    def get(self, path: str, **query: object) -> Any:
        """The document at a path below the installation's address."""
        suffix = f"?{urlencode(query)}" if query else ""
        return self._ask("GET", path + suffix, None)

    def post(self, path: str, document: object) -> Any:
        """What the API answers to a document."""
        return self._ask("POST", path, document)

    def every(self, path: str, **query: object) -> Iterator[Any]:
        """Each item of a list, page after page."""
        cursor: dict[str, object] = {}
        while True:
            page = self.get(path, limit=100, **cursor, **query)
            yield from page["items"]
            if not page.get("next"):
                return
            cursor = {"cursor": page["next"]}

    def _ask(self, method: str, path: str, document: object | None) -> Any:
        body = None if document is None else json.dumps(document, ensure_ascii=False).encode()
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        asked = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310 - the scheme is checked above
        try:
            with self._opener.open(asked, timeout=SECONDS_TO_WAIT) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            raise DeskRefused(f"{method} {path}: {problem.code} {_explained(problem)}") from None
        except (OSError, ValueError) as failure:
            raise DeskUnreachable(f"{method} {self.url}{path}: {failure}") from None


def _explained(problem: urllib.error.HTTPError) -> str:
    text = problem.read(2_000).decode("utf-8", "replace")
    try:
        said = json.loads(text)
    except ValueError:
        return text[:200]
    if not isinstance(said, dict):
        return text[:200]
    parts = [str(said[name]) for name in ("title", "detail", "errors") if said.get(name)]
    return " - ".join(parts)[:500]
