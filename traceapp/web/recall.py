"""A recall: how far it has come, site by site."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from traceapp.access.guard import allow, visitor
from traceapp.access.recall import acknowledge_recall
from traceapp.access.role import READERS, VACCINATORS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.recall import recall_report
from traceapp.web.names import learn_names

blueprint = Blueprint("recall", __name__)


@blueprint.get("/recalls/<number:number>")
@allow(*READERS)
def recall(number: str) -> str:
    """Draw the report of a recall."""
    parts = doors()
    with parts.database.read() as session:
        report = recall_report(session, visitor().scope, int(number), parts.clock())
        if report is None:
            raise not_found("recall", number)
        learn_names(session, report)
    may_acknowledge = visitor().is_browser and visitor().role in VACCINATORS
    return render_template("pages/recall.html", report=report, may_acknowledge=may_acknowledge)


@blueprint.post("/recalls/<number:number>/acknowledge")
@allow(*VACCINATORS)
def acknowledge(number: str) -> Response:
    """Note that the site in the form knows, and go back to the report."""
    acknowledge_recall(int(number), request.form.get("site"))
    answer = redirect(f"/recalls/{number}", 303)
    assert isinstance(answer, Response)
    return answer
