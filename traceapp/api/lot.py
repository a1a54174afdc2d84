"""Lots: traced forwards to every place, and to those who received them."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.fields import Choice
from schemas.page import PageQuery, page_of
from schemas.trace import LotDoseSchema, LotTraceSchema
from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.api.noun import Noun
from traceapp.api.table import csv_answer
from traceapp.doors import doors
from traceapp.models.lot import Lot
from traceapp.problem import not_found
from traceapp.trace.forward import list_lot_doses, trace_lot
from traceapp.trace.reach import find_lot_within
from traceapp.trace.scope import Scope

blueprint = Noun("lot", __name__, description="Lots")
_COLUMNS = ("id", "at", "site", "pack", "dose_number", "name", "document")
_PAGE = 500


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
    who, now = visitor(), doors().clock()
    limit, cursor = query["limit"], query.get("cursor")
    with doors().database.read() as session:
        lot = find_lot_within(session, who.scope, gtin, number)
        if lot is None:
            raise not_found("lot", f"{gtin}/{number}")
        page = list_lot_doses(session, who.scope, lot, limit, cursor)
    # Written after the reading, so that a long list keeps no reading of a sensor waiting.
    with doors().database.begin() as session:
        detail = {"format": query["format"], "cursor": cursor}
        audit(session, who.name, "list recipients", f"{gtin}/{number}", now, detail)
    return page if query["format"] == "json" else _every_dose(who.scope, lot)


def _every_dose(scope: Scope, lot: Lot) -> Response:
    """Return all pages as one table, read while it is sent."""
    database = doors().database

    def rows() -> Any:
        cursor = None
        with database.read() as session:
            while True:
                page = list_lot_doses(session, scope, lot, _PAGE, cursor)
                for item in page["items"]:
                    yield {**item, **item["recipient"]}
                cursor = page["next"]
                if cursor is None:
                    return

    return csv_answer(f"{lot.gtin}-{lot.number}.csv", _COLUMNS, rows())
