"""Findings of lots and sites, in one list."""

from __future__ import annotations

from typing import Any

from schemas.fields import Choice, Code, Digits
from schemas.finding import ListedFindingSchema
from schemas.page import PageQuery, QueryMoment, page_of
from traceapp.access.finding import findings_as_table
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.trace.finding_list import KINDS, Wanted, list_findings

blueprint = Noun("finding", __name__, description="What is wrong with lots and sites")


class FindingQuery(PageQuery):
    """Which findings: of a lot, a product, a site, a division, of facts in [from, to)."""

    lot = Code()
    gtin = Digits(14)
    site = Code()
    division = Digits(6)
    code = Choice(*KINDS)
    begin = QueryMoment(data_key="from")
    end = QueryMoment(data_key="to")
    format = Choice("json", "csv", load_default="json")


@blueprint.get("/findings")
@allow(*READERS)
@blueprint.arguments(FindingQuery, location="query")
@blueprint.response(200, page_of(ListedFindingSchema))
@blueprint.alt_response(
    200, schema={"type": "string"}, content_type="text/csv", success=True, description="OK"
)
def get_findings(query: dict[str, Any]) -> Any:
    """List what does not add up: one entry a kind, a lot and a site, with the newest facts of it.

    It is made from the record as it stands; what a fact that came late explains is gone.
    """
    wanted = Wanted(
        gtin=query.get("gtin"),
        lot=query.get("lot"),
        site=query.get("site"),
        division=query.get("division"),
        code=query.get("code"),
        from_at=query.get("begin"),
        until_at=query.get("end"),
    )
    if query["format"] == "csv":
        return findings_as_table(wanted)
    with doors().database.read() as session:
        scope = visitor().scope
        return list_findings(session, scope, wanted, query["limit"], query.get("cursor"))
