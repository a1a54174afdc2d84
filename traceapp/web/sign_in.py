"""Signing in by a one-time link or a token, and signing out."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, redirect, render_template, request
from sqlalchemy.orm import Session

from traceapp.access.account import scope_of
from traceapp.access.audit import audit
from traceapp.access.csrf import comes_from_our_pages
from traceapp.access.guard import allow, cookie_name, public, visitor
from traceapp.access.session import ABSOLUTE, end_session, start_session
from traceapp.access.token import PREFIXES, find, use_link
from traceapp.doors import doors
from traceapp.models.account import Account
from traceapp.problem import Problem
from traceapp.web.language import is_local

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def form() -> str:
    """Draw the form; a link's secret waits in it, so that looking at a link uses nothing up."""
    link = request.args.get("link", "")
    return render_template("pages/sign_in.html", link=link, next=_next(), is_refused=False)


@blueprint.post("/sign-in")
@public
def sign_in() -> tuple[str, int] | Response:
    """Use up a link, or check a token, and start the browser's session."""
    parts, now = doors(), doors().clock()
    if not comes_from_our_pages(request, parts.settings.base_url):
        raise Problem(403, "Expected a request from our own pages.")
    secret = request.form.get("secret", "").strip()
    with parts.database.begin() as session:
        account = _account_of(session, secret, now)
        if account is not None:
            cookie = start_session(session, account, now)
            audit(session, account.name, "sign in", scope_of(account).division or "country", now)
    if account is None:
        page = render_template("pages/sign_in.html", link="", next=_next(), is_refused=True)
        return page, 403
    answer = redirect(_next(), 303)
    assert isinstance(answer, Response)
    answer.set_cookie(
        cookie_name(),
        cookie,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=parts.settings.base_url.startswith("https:"),
    )
    return answer


@blueprint.post("/sign-out")
@allow("viewer", "officer", "vaccinator", "admin")
def sign_out() -> Response:
    """End the session on our side and take the cookie back."""
    parts, now = doors(), doors().clock()
    with parts.database.begin() as session:
        end_session(session, request.cookies.get(cookie_name(), ""), now)
        audit(session, visitor().name, "sign out", "session", now)
    answer = redirect("/sign-in", 303)
    assert isinstance(answer, Response)
    secure = parts.settings.base_url.startswith("https:")
    answer.delete_cookie(cookie_name(), httponly=True, samesite="Lax", secure=secure)
    return answer


def _account_of(session: Session, secret: str, now: datetime) -> Account | None:
    """Return whose link or bearer token a secret is; a device has no use for pages."""
    if secret.startswith(PREFIXES["link"]):
        return use_link(session, secret, now)
    found = find(session, secret, "bearer", now)
    return found[1] if found is not None and found[1].role != "device" else None


def _next() -> str:
    path = request.values.get("next", "/")
    return path if is_local(path) else "/"
