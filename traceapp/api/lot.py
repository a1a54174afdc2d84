"""Lots: traced forwards to every place, and to those who received them."""

from __future__ import annotations

from typing import Any

from schemas.dose import RevealedListSchema
from schemas.fields import Choice
from schemas.page import PageQuery, page_of
from schemas.trace import LotDoseSchema, LotTraceSchema, RevealedDoseSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.reveal import list_recipients, recipients_as_table
from traceapp.access.role import READERS, REVEALERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.forward import trace_lot

blueprint = Noun("lot", __name__, description="Lots")


class LotDosesQuery(PageQuery):
    """A page of recipients, or all of them as a table."""

    format = Choice("json", "csv", load_default="json")


@blueprint.get("/lots/<gtin:gtin>/<code:number>/trace")
@allow(*READERS)
@blueprint.response(200, LotTraceSchema)
def get_trace(gtin: str, number: str) -> dict[str, Any]:
    """Trace a lot forwards: shipments, holdings, the balance, and what is wrong with it."""
    with doors().database.read() as session:
        trace = trace_lot(session, visitor().scope, gtin, number)
    if trace is None:
        raise not_found("lot", f"{gtin}/{number}")
    return trace


@blueprint.get("/lots/<gtin:gtin>/<code:number>/doses")
@allow(*READERS)
@blueprint.arguments(LotDosesQuery, location="query")
@blueprint.response(200, page_of(LotDoseSchema))
@blueprint.alt_response(
    200, schema={"type": "string"}, content_type="text/csv", success=True, description="OK"
)
def get_doses(query: dict[str, Any], gtin: str, number: str) -> Any:
    """List who received a lot, masked; every look at it is audited."""
    if query["format"] == "csv":
        return recipients_as_table(gtin, number)
    return list_recipients(gtin, number, query["limit"], query.get("cursor"))


@blueprint.post("/lots/<gtin:gtin>/<code:number>/doses")
@allow(*REVEALERS)
@blueprint.arguments(RevealedListSchema)
@blueprint.response(200, page_of(RevealedDoseSchema))
@blueprint.alt_response(
    200, schema={"type": "string"}, content_type="text/csv", success=True, description="OK"
)
def post_doses(wanted: dict[str, Any], gtin: str, number: str) -> Any:
    """List who received a lot, unmasked, for a reason; the list and the reason are audited."""
    if wanted["format"] == "csv":
        return recipients_as_table(gtin, number, wanted["reason"])
    limit, cursor = wanted["limit"], wanted.get("cursor")
    return list_recipients(gtin, number, limit, cursor, wanted["reason"])
