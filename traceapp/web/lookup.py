"""The box at the top of every page: any code in hand."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from traceapp.access.guard import allow
from traceapp.access.lookup import look_up
from traceapp.access.role import READERS

blueprint = Blueprint("lookup", __name__)
_LONGEST = 256


@blueprint.get("/lookup")
@allow(*READERS)
def form() -> str:
    """Draw the page with nothing looked up."""
    return render_template("pages/lookup.html", found=None, meanings=[])


@blueprint.post("/lookup")
@allow(*READERS)
def go() -> str | Response:
    """Go to what a code names, or list what it may name; the code stays out of the address."""
    code = request.form.get("code", "").replace("\0", "").strip()[:_LONGEST]
    answers = look_up(code) if code else {"items": [], "meanings": []}
    found = answers["items"]
    if len(found) == 1:
        answer = redirect(found[0]["url"], 303)
        assert isinstance(answer, Response)
        return answer
    return render_template("pages/lookup.html", found=found, meanings=answers["meanings"])
