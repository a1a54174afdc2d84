"""Lots: traced forwards to every place, and to those who received them."""

from __future__ import annotations

from typing import Any

from schemas.dose import RevealedListSchema
from schemas.fields import Choice
from schemas.hold import HoldDocumentSchema, HoldSchema, Order, ReleaseSchema
from schemas.page import MAX_LIMIT, PageQuery, QueryWhole, page_of
from schemas.trace import LotDoseSchema, LotTraceSchema, RevealedDoseSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.hold import hold_lot, release_lot
from traceapp.access.reveal import list_recipients, recipients_as_table
from traceapp.access.role import OFFICERS, READERS, REVEALERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.forward import trace_lot
from traceapp.trace.shipped import SHIPMENTS

blueprint = Noun("lot", __name__, description="Lots")


class LotDosesQuery(PageQuery):
    """A page of recipients, or all of them as a table."""

    format = Choice("json", "csv", load_default="json")


class ShipmentsQuery(PageQuery):
    """How many of a lot's shipments, and from where on."""

    limit = QueryWhole(1, MAX_LIMIT, load_default=SHIPMENTS)


@blueprint.get("/lots/<gtin:gtin>/<code:number>/trace")
@allow(*READERS)
@blueprint.arguments(ShipmentsQuery, location="query")
@blueprint.response(200, LotTraceSchema)
def get_trace(query: dict[str, Any], gtin: str, number: str) -> dict[str, Any]:
    """Trace a lot forwards: shipments, holdings, the balance, and what is wrong with it."""
    limit, cursor = query["limit"], query.get("cursor")
    parts = doors()
    with parts.database.read() as session:
        scope, now = visitor().scope, parts.clock()
        trace = trace_lot(session, scope, gtin, number, now, limit, cursor)
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


@blueprint.post("/lots/<gtin:gtin>/<code:number>/hold")
@allow(*OFFICERS)
@blueprint.arguments(HoldSchema)
@blueprint.response(201, HoldDocumentSchema)
@blueprint.alt_response(200, schema=HoldDocumentSchema, success=True, description="Known already")
def post_hold(order: Order, gtin: str, number: str) -> Any:
    """Hold a lot in your division and below it, for a reason: the check answers stop there.

    The same reason again is the same hold while it lasts. It is audited.
    """
    hold, is_new = hold_lot(gtin, number, order)
    return hold, 201 if is_new else 200


@blueprint.post("/lots/<gtin:gtin>/<code:number>/release")
@allow(*OFFICERS)
@blueprint.arguments(ReleaseSchema)
@blueprint.response(201, HoldDocumentSchema)
@blueprint.alt_response(200, schema=HoldDocumentSchema, success=True, description="Ended already")
def post_release(order: Order, gtin: str, number: str) -> Any:
    """End one hold that was placed in your division or below it, for a reason; it is audited.

    Other holds of the lot last. Where there are several, `hold` says which one.
    """
    hold, is_new = release_lot(gtin, number, order)
    return hold, 201 if is_new else 200
