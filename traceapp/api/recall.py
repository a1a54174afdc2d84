"""Recalls: ordered, acknowledged, and how far they have come."""

from __future__ import annotations

from typing import Any

from schemas.dose import RevealedListSchema
from schemas.hold import HoldDocumentSchema, Order
from schemas.page import page_of
from schemas.recall import (
    AcknowledgedSchema,
    AcknowledgementSchema,
    ListQuery,
    RecallProgressSchema,
    RecallQuery,
    RecallRecipientSchema,
    RecallReportSchema,
    RecallRevealedSchema,
    RecallSchema,
    RecallSiteSchema,
)
from traceapp.access.guard import allow, visitor
from traceapp.access.recall import acknowledge_recall, recall_lot
from traceapp.access.recall_list import list_recall, recall_as_table
from traceapp.access.role import OFFICERS, READERS, REVEALERS, VACCINATORS
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
        counts = RecallProgressSchema().fields
        columns = (*(name for name in RecallSiteSchema().fields if name not in counts), *counts)
        return csv_answer(f"recall-{number}.csv", columns, report["sites"])
    return report


@blueprint.get("/recalls/<number:number>/recipients")
@allow(*READERS)
@blueprint.arguments(ListQuery, location="query")
@blueprint.response(200, page_of(RecallRecipientSchema))
@blueprint.alt_response(
    200, schema={"type": "string"}, content_type="text/csv", success=True, description="OK"
)
def get_recipients(query: dict[str, Any], number: str) -> Any:
    """List who received a recalled lot where it is recalled, masked; every look is audited."""
    if query["format"] == "csv":
        return recall_as_table(int(number))
    return list_recall(int(number), query["limit"], query.get("cursor"))


@blueprint.post("/recalls/<number:number>/recipients")
@allow(*REVEALERS)
@blueprint.arguments(RevealedListSchema)
@blueprint.response(200, page_of(RecallRevealedSchema))
@blueprint.alt_response(
    200, schema={"type": "string"}, content_type="text/csv", success=True, description="OK"
)
def post_recipients(wanted: dict[str, Any], number: str) -> Any:
    """List who received a recalled lot, unmasked, for a reason; list and reason are audited."""
    if wanted["format"] == "csv":
        return recall_as_table(int(number), wanted["reason"])
    return list_recall(int(number), wanted["limit"], wanted.get("cursor"), wanted["reason"])


@blueprint.post("/recalls/<number:number>/acknowledge")
@allow(*VACCINATORS)
@blueprint.arguments(AcknowledgementSchema, required=False)
@blueprint.response(201, AcknowledgedSchema)
@blueprint.alt_response(200, schema=AcknowledgedSchema, success=True, description="Known already")
def post_acknowledge(said: dict[str, Any], number: str) -> Any:
    """Say that a site knows of a recall; the first time counts, and is audited.

    An account of one site may send no body: its own site is meant.
    """
    told, is_new = acknowledge_recall(int(number), said.get("site"))
    return told, 201 if is_new else 200
