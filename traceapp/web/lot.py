"""A lot: where it came from, where it went, and who received it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.forward import list_lot_doses, trace_lot
from traceapp.trace.reach import find_lot_within
from traceapp.web.names import learn_names

blueprint = Blueprint("lot", __name__)
_PAGE = 100


@blueprint.get("/lots/<gtin:gtin>/<code:number>")
@allow(*READERS)
def lot(gtin: str, number: str) -> str:
    """Draw a lot's trace."""
    with doors().database.read() as session:
        trace = trace_lot(session, visitor().scope, gtin, number)
        if trace is None:
            raise not_found("lot", f"{gtin}/{number}")
        learn_names(session, trace)
    return render_template("pages/lot.html", trace=trace)


@blueprint.get("/lots/<gtin:gtin>/<code:number>/doses")
@allow(*READERS)
def lot_doses(gtin: str, number: str) -> str:
    """Draw who received a lot, masked; every look at it is audited."""
    who, now, cursor = visitor(), doors().clock(), request.args.get("cursor") or None
    key = {"gtin": gtin, "number": number}
    with doors().database.read() as session:
        found = find_lot_within(session, who.scope, gtin, number)
        if found is None:
            raise not_found("lot", f"{gtin}/{number}")
        page = list_lot_doses(session, who.scope, found, _PAGE, cursor)
        learn_names(session, key, page)
    # Written after the reading, so that a long list keeps no reading of a sensor waiting.
    with doors().database.begin() as session:
        audit(session, who.name, "list recipients", f"{gtin}/{number}", now, {"cursor": cursor})
    older = f"{request.path}?{urlencode({'cursor': page['next']})}" if page["next"] else None
    return render_template("pages/lot_doses.html", lot=key, page=page, older=older)
