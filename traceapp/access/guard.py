"""Who may use which view: declared beside the view, denied where nothing is declared."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, Response, current_app, g, redirect, request
from sqlalchemy.exc import InterfaceError, OperationalError

from traceapp.access.csrf import SAFE_METHODS, carries_token, comes_from_our_pages, csrf_token
from traceapp.access.session import TOUCH_EVERY, touch_session, visitor_of_session
from traceapp.access.token import visitor_of_bearer
from traceapp.access.visitor import ROLES, Visitor
from traceapp.doors import doors
from traceapp.problem import Problem

View = TypeVar("View", bound=Callable[..., Any])
_MARK = "traceapp_guard"
_MOST_BYTES = "traceapp_most_bytes"


@dataclass(frozen=True, slots=True)
class Guard:
    """What a view declares: open to everybody, or to some roles."""

    roles: frozenset[str] = frozenset()
    is_public: bool = False


def public(view: View) -> View:
    """Declare a view open to everybody."""
    view.__dict__[_MARK] = Guard(is_public=True)
    return view


def allow(*roles: str) -> Callable[[View], View]:
    """Declare the roles that may use a view."""
    unknown = set(roles) - set(ROLES)
    if unknown or not roles:
        raise ValueError(f"Expected some of {', '.join(ROLES)}, got {', '.join(sorted(unknown))}.")

    def declare(view: View) -> View:
        view.__dict__[_MARK] = Guard(frozenset(roles))
        return view

    return declare


def takes(most_bytes: int) -> Callable[[View], View]:
    """Declare that a view takes larger bodies than others, from those who may use it."""

    def declare(view: View) -> View:
        view.__dict__[_MOST_BYTES] = most_bytes
        return view

    return declare


def guard_of(app: Flask, endpoint: str) -> Guard | None:
    """Return what the view behind an endpoint declares, or None where it declares nothing."""
    guard = getattr(app.view_functions[endpoint], _MARK, None)
    return guard if isinstance(guard, Guard) else None


def visitor() -> Visitor:
    """Return who is asking; only for views that are not public."""
    found: Visitor = g.visitor
    return found


def visitor_if_any() -> Visitor | None:
    """Return who is asking, where anybody proved to be somebody."""
    found: Visitor | None = g.get("visitor")
    return found


def cookie_name() -> str:
    """Return the name of the session's cookie; browsers bind `__Host-` to this host and HTTPS."""
    return "__Host-session" if doors().settings.base_url.startswith("https:") else "session"


def stand_guard() -> Response | None:
    """Let a request in or raise; runs before every view."""
    if request.endpoint is None:
        return None  # Flask answers 404 or 405 by itself; there is nothing behind it to guard.
    guard = guard_of(current_app, request.endpoint)
    if guard is None:
        raise Problem(403, "This address declares no guard, so nobody may use it.")
    if guard.is_public:
        with suppress(OperationalError, InterfaceError):  # It answers without a database too.
            g.visitor = _recognize()
        return None
    g.visitor = _recognize()
    if g.visitor is None:
        return _ask_to_sign_in()
    if g.visitor.role not in guard.roles:
        raise Problem(403)
    most_bytes = getattr(current_app.view_functions[request.endpoint], _MOST_BYTES, None)
    if most_bytes is not None:
        request.max_content_length = most_bytes
    _refuse_forgery(g.visitor)
    return None


def _recognize() -> Visitor | None:
    """Return who a bearer token or else a session's cookie stands for."""
    parts, now = doors(), doors().clock()
    header = request.headers.get("Authorization")
    if header is not None:
        kind, _, secret = header.partition(" ")
        with parts.database.read() as session:
            found = visitor_of_bearer(session, secret.strip(), now)
        return found if kind.lower() == "bearer" else None
    secret = request.cookies.get(cookie_name(), "")
    if not secret:
        return None
    with parts.database.read() as session:
        known = visitor_of_session(session, secret, now)
    if known is None:
        return None
    browser, seen_at = known
    # What a page fetches by itself must not keep a session alive that nobody sits at.
    if now - seen_at >= TOUCH_EVERY and "X-Refresh" not in request.headers:
        with parts.database.begin() as session:
            touch_session(session, browser.session_digest or "", now)
    return browser


def _ask_to_sign_in() -> Response | None:
    is_page = not request.path.startswith("/api/v1/") and "Authorization" not in request.headers
    if is_page and request.method == "GET" and "X-Refresh" not in request.headers:
        answer = redirect(f"/sign-in?next={quote(request.path)}", 303)
        assert isinstance(answer, Response)
        return answer
    raise Problem(401, headers={"WWW-Authenticate": 'Bearer realm="traceapp"'})


def _refuse_forgery(who: Visitor) -> None:
    if request.method in SAFE_METHODS or who.session_digest is None:
        return
    settings = doors().settings
    expected = csrf_token(settings.secret_key, who.session_digest)
    if not comes_from_our_pages(request, settings.base_url):
        raise Problem(403, "Expected a request from our own pages.")
    if not carries_token(request, expected):
        raise Problem(403, "Expected the token of this session; load the page again.")
