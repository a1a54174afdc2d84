"""What does not add up, of all lots and sites that somebody may see."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.trace.finding_list import KINDS, Wanted, list_findings
from traceapp.web.names import learn_names

blueprint = Blueprint("finding", __name__)
_PAGE = 50
_FILTERS = ("gtin", "lot", "site", "code")


@blueprint.get("/findings")
@allow(*READERS)
def finding_list() -> str:
    """Draw a page of findings: of all, or of a lot, a site or a kind."""
    asked = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    if asked.get("code") not in KINDS:
        asked.pop("code", None)
    wanted = Wanted(asked.get("gtin"), asked.get("lot"), asked.get("site"), code=asked.get("code"))
    cursor = request.args.get("cursor") or None
    with doors().database.read() as session:
        page = list_findings(session, visitor().scope, wanted, _PAGE, cursor)
        learn_names(session, page)
    older = f"/findings?{urlencode({**asked, 'cursor': page['next']})}" if page["next"] else None
    table = f"/api/v1/findings?{urlencode({**asked, 'format': 'csv'})}"
    return render_template("pages/finding_list.html", page=page, older=older, table=table)
