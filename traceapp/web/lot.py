"""A lot: where it came from, where it went, and who received it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, redirect, render_template, request

from schemas.hold import Order
from traceapp.access.guard import allow, visitor
from traceapp.access.hold import hold_lot, release_lot
from traceapp.access.recall import recall_lot
from traceapp.access.reveal import list_recipients, recipients_as_table
from traceapp.access.role import OFFICERS, READERS, REVEALERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.rules.meaning import Meaning
from traceapp.trace.adverse_event import count_of_lot
from traceapp.trace.finding_list import Wanted, list_findings
from traceapp.trace.forward import trace_lot
from traceapp.trace.hold import recall_in_force
from traceapp.trace.lot import find_lot
from traceapp.web.names import learn_names
from traceapp.web.reason import reason_of_form, urgency_of_form
from traceapp.web.symbol import draw

blueprint = Blueprint("lot", __name__)
_PAGE = 100
_FINDINGS = 20


@blueprint.get("/lots/<gtin:gtin>/<code:number>")
@allow(*READERS)
def lot(gtin: str, number: str) -> str:
    """Draw a lot's trace."""
    parts = doors()
    with parts.database.read() as session:
        scope, cursor = visitor().scope, request.args.get("cursor") or None
        trace = trace_lot(session, scope, gtin, number, parts.clock(), cursor=cursor)
        row = find_lot(session, gtin, number)
        if trace is None or row is None:
            raise not_found("lot", f"{gtin}/{number}")
        is_recalled = recall_in_force(session, row.id, scope)
        events = count_of_lot(session, scope, row)
        found = list_findings(session, scope, Wanted(gtin=gtin, lot=number), _FINDINGS)
        learn_names(session, trace, found)
    label = draw(
        Meaning("element_string", number, gtin, number, None, trace["source"]["expires_on"])
    )
    may_hold = visitor().is_browser and visitor().role in OFFICERS
    return render_template(
        "pages/lot.html",
        trace=trace,
        events=events,
        state=[one for one in trace["findings"] if not one["dose"] and not one["movement"]],
        found=[one for one in found["items"] if one["code"] != "lot_unknown"],
        symbol=label,
        may_hold=may_hold,
        is_recalled=is_recalled,
        later=f"{request.path}?{urlencode({'cursor': trace['next']})}" if trace["next"] else None,
    )


@blueprint.post("/lots/<gtin:gtin>/<code:number>/hold")
@allow(*OFFICERS)
def hold(gtin: str, number: str) -> Response:
    """Hold a lot, and go back to its page."""
    hold_lot(gtin, number, Order(reason_of_form()))
    return _back_to(gtin, number)


@blueprint.post("/lots/<gtin:gtin>/<code:number>/recall")
@allow(*OFFICERS)
def recall(gtin: str, number: str) -> Response:
    """Recall a lot, and go to the recall's report."""
    recalled, _ = recall_lot(gtin, number, Order(reason_of_form(), urgency=urgency_of_form()))
    answer = redirect(f"/recalls/{recalled['id']}", 303)
    assert isinstance(answer, Response)
    return answer


@blueprint.post("/lots/<gtin:gtin>/<code:number>/release")
@allow(*OFFICERS)
def release(gtin: str, number: str) -> Response:
    """End the hold that the form names, and go back to the lot's page."""
    named = request.form.get("hold", type=int)
    release_lot(gtin, number, Order(reason_of_form(), hold=named))
    return _back_to(gtin, number)


@blueprint.get("/lots/<gtin:gtin>/<code:number>/doses")
@allow(*READERS)
def lot_doses(gtin: str, number: str) -> str:
    """Draw who received a lot, masked; every look at it is audited."""
    page = list_recipients(gtin, number, _PAGE, request.args.get("cursor") or None)
    older = f"{request.path}?{urlencode({'cursor': page['next']})}" if page["next"] else None
    return _draw_doses(gtin, number, page, older=older)


@blueprint.post("/lots/<gtin:gtin>/<code:number>/doses")
@allow(*REVEALERS)
def revealed_lot_doses(gtin: str, number: str) -> str | Response:
    """Draw who received a lot, unmasked, or answer all of them as a table; both are audited."""
    reason, cursor = reason_of_form(), request.form.get("cursor") or None
    if request.form.get("format") == "csv":
        return recipients_as_table(gtin, number, reason)
    page = list_recipients(gtin, number, _PAGE, cursor, reason)
    return _draw_doses(gtin, number, page, reason=reason)


def _back_to(gtin: str, number: str) -> Response:
    answer = redirect(f"/lots/{gtin}/{quote(number)}", 303)
    assert isinstance(answer, Response)
    return answer


def _draw_doses(gtin: str, number: str, page: dict[str, Any], **more: str | None) -> str:
    key = {"gtin": gtin, "number": number}
    may_reveal = visitor().is_browser and visitor().role in REVEALERS
    with doors().database.read() as session:
        learn_names(session, key, page)
    return render_template(
        "pages/lot_doses.html", lot=key, page=page, may_reveal=may_reveal, **more
    )
