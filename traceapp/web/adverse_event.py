"""Adverse events of a lot, and a report in words."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from traceapp.access.adverse_event import list_events_of_lot, reveal_description
from traceapp.access.guard import allow
from traceapp.access.role import READERS, REVEALERS
from traceapp.doors import doors
from traceapp.web.names import learn_names
from traceapp.web.reason import reason_of_form

blueprint = Blueprint("adverse_event", __name__)
_PAGE = 50


@blueprint.get("/lots/<gtin:gtin>/<code:number>/adverse-events")
@allow(*READERS)
def lot_events(gtin: str, number: str) -> str:
    """Draw counts, rates and the reports about a lot's doses; every look at it is audited."""
    found = list_events_of_lot(gtin, number, _PAGE, request.args.get("cursor") or None)
    older = f"{request.path}?{urlencode({'cursor': found['next']})}" if found["next"] else None
    with doors().database.read() as session:
        learn_names(session, found)
    return render_template("pages/lot_events.html", found=found, older=older)


@blueprint.post("/adverse-events/<code:code>/reveal")
@allow(*REVEALERS)
def reveal(code: str) -> str:
    """Draw a report in words, once: to see it again is to say again why."""
    found = reveal_description(code, reason_of_form())
    return render_template("pages/event_words.html", found=found)
