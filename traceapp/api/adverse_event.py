"""Adverse events following immunization: reported against a dose, counted by lot."""

from __future__ import annotations

from typing import Any

from schemas.adverse_event import (
    AdverseEvent,
    AdverseEventReceiptSchema,
    AdverseEventSchema,
    DescriptionSchema,
    DoseEventsSchema,
    LotEventsSchema,
)
from schemas.dose import ReasonSchema
from schemas.page import PageQuery
from traceapp.access.adverse_event import (
    list_events_of_dose,
    list_events_of_lot,
    reveal_description,
)
from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS, REVEALERS, VACCINATORS
from traceapp.api.noun import Noun
from traceapp.capture.adverse_event import EventRefused, record_adverse_event
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.trace.reach import reaches_dose

blueprint = Noun("adverse_event", __name__, description="Adverse events after a dose")


@blueprint.post("/doses/<code:code>/adverse-events")
@allow(*VACCINATORS)
@blueprint.arguments(AdverseEventSchema)
@blueprint.response(201, AdverseEventReceiptSchema)
@blueprint.alt_response(
    200, schema=AdverseEventReceiptSchema, success=True, description="Known already"
)
def post_event(event: AdverseEvent, code: str) -> Any:
    """Report what happened to somebody after a dose; `corrects` names the report it replaces.

    What is said in words is sealed: it may name people.
    """
    parts, who, now = doors(), visitor(), doors().clock()
    with parts.database.begin() as session:
        if not reaches_dose(session, who.scope, code):
            raise not_found("dose", code)
        try:
            outcome = record_adverse_event(session, code, event, parts.vault, now)
        except EventRefused as refused:
            raise Problem(422, str(refused), {refused.field: [str(refused)]}) from refused
        audit(session, who.name, "record adverse event", event.id, now, {"dose": code})
    if outcome.is_conflict:
        message = "Expected the content first sent with this id, got another; both are kept."
        raise Problem(409, message, {"id": [message]})
    headers = {"Location": f"/api/v1/doses/{code}/adverse-events"}
    return {"id": event.id, "dose": code}, 201 if outcome.is_new else 200, headers


@blueprint.get("/doses/<code:code>/adverse-events")
@allow(*READERS)
@blueprint.response(200, DoseEventsSchema)
def get_events_of_dose(code: str) -> dict[str, Any]:
    """List the reports about a dose, corrected ones too; a look that finds any is audited."""
    return {"items": list_events_of_dose(code)}


@blueprint.get("/lots/<gtin:gtin>/<code:number>/adverse-events")
@allow(*READERS)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, LotEventsSchema)
def get_events_of_lot(query: dict[str, Any], gtin: str, number: str) -> dict[str, Any]:
    """Count adverse events by lot, with rates and what each dose lived through; it is audited.

    Counted are the doses given, and the reports about them, at the sites that you may see.
    """
    return list_events_of_lot(gtin, number, query["limit"], query.get("cursor"))


@blueprint.post("/adverse-events/<code:code>/reveal")
@allow(*REVEALERS)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, DescriptionSchema)
def post_reveal(wanted: dict[str, Any], code: str) -> dict[str, Any]:
    """Show a report in words, for a reason; both are audited."""
    found = reveal_description(code, wanted["reason"])
    return {"id": found["id"], "description": found["description"]}
