"""The HTTP door as any program outside uses it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Answer:
    """One answer of the API."""

    status: int
    media_type: str
    document: Any


class Web:
    """Asks one installation with one bearer token (or with none)."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url
        self.token = token

    def get(self, path: str, **query: object) -> Any:
        """Return the document at a path; anything but 200 fails."""
        answer = self.ask("GET", f"{path}?{urlencode(query)}" if query else path)
        assert answer.status == 200, answer
        return answer.document

    def items(self, path: str, **query: object) -> Iterator[Any]:
        """Yield each item of a list, page after page."""
        page = self.get(path, **query)
        yield from page["items"]
        while page.get("next"):
            page = self.get(path, **{**query, "cursor": page["next"]})
            yield from page["items"]

    def post(self, path: str, document: object) -> Answer:
        """Post a JSON document."""
        return self.ask("POST", path, json.dumps(document, ensure_ascii=False).encode())

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Send one request and return whatever is answered."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return _read(answer.status, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error.code, error)


def _read(status: int, answer: Any) -> Answer:
    media_type = answer.headers.get_content_type()
    content = answer.read()
    is_json = media_type.endswith("json")
    return Answer(status, media_type, json.loads(content) if is_json else content.decode())
