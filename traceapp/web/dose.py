"""A dose, and the way it came."""

from __future__ import annotations

from flask import Blueprint, render_template

from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.backward import trace_dose
from traceapp.web.names import learn_names

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
    return render_template("pages/dose.html", trace=trace)
