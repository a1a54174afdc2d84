"""Recalls: ordered, acknowledged, and how far they have come."""

from __future__ import annotations

from typing import Any

from schemas.hold import HoldDocumentSchema, Order
from schemas.recall import (
    AcknowledgedSchema,
    AcknowledgementSchema,
    RecallQuery,
    RecallReportSchema,
    RecallSchema,
)
from traceapp.access.guard import allow, visitor
from traceapp.access.recall import acknowledge_recall, recall_lot
from traceapp.access.role import OFFICERS, READERS, VACCINATORS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.table import csv_answer
from traceapp.trace.recall import recall_report

blueprint = Noun("recall", __name__, description="Recalls of lots")


@blueprint.post("/lots/<gtin:gtin>/<code:number>/recall")
@allow(*OFFICERS)
@blueprint.arguments(RecallSchema)
@blueprint.response(201, HoldDocumentSchema)
@blueprint.alt_response(200, schema=HoldDocumentSchema, success=True, description="Known already")
def post_recall(order: Order, gtin: str, number: str) -> Any:
    """Recall a lot in your division and below it, for a reason: the check answers stop there.

    Class 1 may harm gravely, 2 may harm for a time, 3 hardly harms. It is audited.
    """
    recall, is_new = recall_lot(gtin, number, order)
    return recall, 201 if is_new else 200


@blueprint.get("/recalls/<number:number>")
@allow(*READERS)
@blueprint.arguments(RecallQuery, location="query")
@blueprint.response(200, RecallReportSchema)
@blueprint.alt_response(
    200, schema={"type": "string"}, content_type="text/csv", success=True, description="OK"
)
def get_recall(query: dict[str, Any], number: str) -> Any:
    """Report how far a recall has come at the sites that you may see; the sites also as CSV."""
    parts = doors()
    with parts.database.read() as session:
        report = recall_report(session, visitor().scope, int(number), parts.clock())
    if report is None:
        raise not_found("recall", number)
    if query["format"] == "csv":
        columns = tuple(RecallReportSchema().fields["sites"].inner.schema.fields)  # type: ignore[attr-defined]  # marshmallow's Nested in a List
        return csv_answer(f"recall-{number}.csv", columns, report["sites"])
    return report


@blueprint.post("/recalls/<number:number>/acknowledge")
@allow(*VACCINATORS)
@blueprint.arguments(AcknowledgementSchema)
@blueprint.response(201, AcknowledgedSchema)
@blueprint.alt_response(200, schema=AcknowledgedSchema, success=True, description="Known already")
def post_acknowledge(said: dict[str, Any], number: str) -> Any:
    """Say that a site knows of a recall; the first time counts, and is audited."""
    told, is_new = acknowledge_recall(int(number), said.get("site"))
    return told, 201 if is_new else 200
