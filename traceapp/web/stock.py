"""A site: what lies there, the first to use first."""

from __future__ import annotations

from flask import Blueprint, render_template

from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.finding_list import Wanted, list_findings
from traceapp.trace.use_first import use_first
from traceapp.web.names import learn_names

blueprint = Blueprint("stock", __name__)
_FINDINGS = 20


@blueprint.get("/sites/<code:code>")
@allow(*READERS)
def site(code: str) -> str:
    """Draw what to use first at a site, and what not to use."""
    parts = doors()
    with parts.database.read() as session:
        found = use_first(session, visitor().scope, code, parts.clock())
        if found is None:
            raise not_found("site", code)
        wrong = list_findings(session, visitor().scope, Wanted(site=code), _FINDINGS)
        learn_names(session, found, wrong)
    return render_template("pages/site.html", stock=found, found=wrong)
