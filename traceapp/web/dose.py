"""A dose, and the way it came."""

from __future__ import annotations

from flask import Blueprint, render_template

from traceapp.access.adverse_event import list_events_of_dose
from traceapp.access.guard import allow, visitor
from traceapp.access.reveal import reveal_recipient
from traceapp.access.role import READERS, REVEALERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.backward import trace_dose
from traceapp.web.names import learn_names
from traceapp.web.reason import reason_of_form
from traceapp.web.symbol import draw_code

blueprint = Blueprint("dose", __name__)


@blueprint.get("/doses/<code:code>")
@allow(*READERS)
def dose(code: str) -> str:
    """Draw a dose's trace."""
    with doors().database.read() as session:
        trace = trace_dose(session, visitor().scope, code)
        if trace is None:
            raise not_found("dose", code)
        learn_names(session, trace)
    events = list_events_of_dose(code)
    may_reveal = visitor().is_browser and visitor().role in REVEALERS
    symbol = draw_code(trace["dose"]["pack"])
    return render_template(
        "pages/dose.html", trace=trace, events=events, may_reveal=may_reveal, symbol=symbol
    )


@blueprint.post("/doses/<code:code>/reveal")
@allow(*REVEALERS)
def reveal(code: str) -> str:
    """Draw the person behind a dose, once: to see it again is to say again why."""
    found = reveal_recipient(code, reason_of_form())
    return render_template("pages/recipient.html", dose=code, person=found["recipient"])
