"""Errors over HTTP: RFC 9457 problem documents, raised anywhere in a door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

#: What we say for errors that Flask or Werkzeug raise, in place of their page for browsers.
_DETAILS = {
    400: "Expected a request that HTTP allows.",
    401: "Expected a valid token: Authorization: Bearer …",
    403: "Your role may not do this.",
    404: "There is nothing here that you may see.",
    405: "This address does not answer this method.",
    413: "Expected a body of at most 1 MiB.",
    415: "Expected Content-Type: application/json.",
    500: "Something broke on our side; it is in the log.",
    503: "The database cannot be reached now. Send it again later.",
}


class Problem(HTTPException):
    """An answer that is not the one asked for, with what was expected and what came."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        errors: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description=detail or _DETAILS.get(status, ""))
        self.code = status
        self.errors = dict(errors or {})
        self.headers = dict(headers or {})
        #: The noun and the code of what is not there, so that a page says it in its own words.
        self.missing: tuple[str, str] | None = None


def not_found(noun: str, code: str, field: str | None = None) -> Problem:
    """The answer for what does not exist and for what lies outside the scope: the same.

    `field` is where a request named it; None where the address did.
    """
    errors = {field: [f"Expected a {noun} that you may see, got {code}."]} if field else None
    problem = Problem(404, f"There is no {noun} {code} that you may see.", errors)
    problem.missing = noun, code
    return problem


def is_usual(error: HTTPException) -> bool:
    """Whether an error says no more than every error of its status does."""
    return not isinstance(error, Problem) or error.description == _DETAILS.get(error.code or 500)


def describe(error: HTTPException) -> dict[str, Any]:
    """Return the problem document of an error."""
    status = error.code or 500
    detail = error.description if isinstance(error, Problem) else _DETAILS.get(status)
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or str(error.description or ""),
    }
    if isinstance(error, Problem) and error.errors:
        document["errors"] = error.errors
    return document


def headers_of(error: HTTPException) -> dict[str, str]:
    """Return the headers that an error asks for: Allow, WWW-Authenticate, Retry-After."""
    if isinstance(error, Problem):
        return error.headers
    kept = ("allow", "www-authenticate", "retry-after")
    return {name: value for name, value in error.get_headers() if name.lower() in kept}


def problem_response(error: HTTPException) -> Response:
    """Return the error as an answer over HTTP."""
    document = describe(error)
    body = json.dumps(document, ensure_ascii=False) + "\n"
    return Response(body, document["status"], headers_of(error), content_type=MEDIA_TYPE)


def flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Return marshmallow's nested messages as `{"readings.0.at": ["…"]}`."""
    if isinstance(messages, Mapping):
        flat: dict[str, list[str]] = {}
        for step, below in messages.items():
            name = path if step == "_schema" else f"{path}.{step}".lstrip(".")
            flat |= flatten(below, name)
        return flat
    texts = messages if isinstance(messages, list) else [messages]
    return {path or "body": [str(text) for text in texts]}
