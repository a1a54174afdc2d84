"""The box at the top of every page: any code in hand."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.trace.lookup import resolve

blueprint = Blueprint("lookup", __name__)
_LONGEST = 256


@blueprint.get("/lookup")
@allow(*READERS)
def form() -> str:
    """Draw the page with nothing looked up."""
    return render_template("pages/lookup.html", found=None)


@blueprint.post("/lookup")
@allow(*READERS)
def look_up() -> str | Response:
    """Go to what a code names, or list what it may name; the code stays out of the address."""
    parts, who = doors(), visitor()
    code = request.form.get("code", "").replace("\0", "").strip()[:_LONGEST]
    with parts.database.read() as session:
        found = resolve(session, who.scope, code, parts.vault) if code else []
    people = [one["code"] for one in found if one["kind"] == "recipient"]
    if people:
        with parts.database.begin() as session:
            doses = {"doses": people}
            audit(session, who.name, "find recipient", "by document", parts.clock(), doses)
    if len(found) == 1:
        answer = redirect(found[0]["url"], 303)
        assert isinstance(answer, Response)
        return answer
    return render_template("pages/lookup.html", found=found)
