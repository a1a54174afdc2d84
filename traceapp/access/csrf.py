"""Requests that change something must come from our own pages."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Request

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def csrf_token(secret_key: str, session_digest: str) -> str:
    """Return the token of one session: another session's is worth nothing in it."""
    message = b"csrf:" + session_digest.encode()
    return hmac.new(secret_key.encode(), message, hashlib.sha256).hexdigest()


def comes_from_our_pages(request: Request, base_url: str) -> bool:
    """Whether the browser itself says where the request was made (Fetch Metadata, Origin).

    A client that says neither is no browser of today; the session's token stands for it.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc in (request.host, urlsplit(base_url).netloc)


def carries_token(request: Request, expected: str) -> bool:
    """Whether a form's field or a script's header holds the session's token."""
    came = request.headers.get(HEADER) or request.form.get(FIELD) or ""
    return hmac.compare_digest(came.encode("utf-8", "surrogatepass"), expected.encode())
