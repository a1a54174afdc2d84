"""A recall: how far it has come, site by site."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from traceapp.access.guard import allow, visitor
from traceapp.access.recall import acknowledge_recall
from traceapp.access.recall_list import recall_as_table
from traceapp.access.role import READERS, REVEALERS, VACCINATORS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.recall import recall_report
from traceapp.web.names import learn_names
from traceapp.web.reason import reason_of_form

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
    may_act = visitor().is_browser and visitor().role in VACCINATORS
    return render_template("pages/recall.html", report=report, may_act=may_act)


@blueprint.post("/recalls/<number:number>/recipients")
@allow(*REVEALERS)
def recipients(number: str) -> Response:
    """Answer who received the lot as a table, unmasked, for the reason in the form."""
    return recall_as_table(int(number), reason_of_form())


@blueprint.post("/recalls/<number:number>/acknowledge")
@allow(*VACCINATORS)
def acknowledge(number: str) -> Response:
    """Note that the site in the form knows, and go back to the report."""
    acknowledge_recall(int(number), request.form.get("site"))
    answer = redirect(f"/recalls/{number}", 303)
    assert isinstance(answer, Response)
    return answer
