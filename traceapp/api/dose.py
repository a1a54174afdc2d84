"""Doses: checked before the injection, recorded after it, traced back to their maker."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema
from sqlalchemy.orm import Session

from schemas.document import Document
from schemas.dose import Dose, DoseSchema, ReasonSchema
from schemas.fields import Code, Digits, Text
from schemas.finding import CheckSchema, DoseReceiptSchema
from schemas.trace import DoseTraceSchema, RevealedSchema
from traceapp.access.correction import audit_dose, corrects_within, without_person_in_reason
from traceapp.access.guard import allow, visitor
from traceapp.access.reveal import reveal_recipient
from traceapp.access.role import READERS, REVEALERS, VACCINATORS
from traceapp.api.noun import Noun
from traceapp.capture.dose import DoseRefused, record_dose
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.trace.backward import trace_dose
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.dose_finding import findings_of_doses
from traceapp.trace.reach import reaches_site, reaches_unit, site_of_unit
from traceapp.trace.scope import Scope

blueprint = Noun("dose", __name__, description="Administered doses")


class CheckQuery(Document):
    """What is about to be injected: a pack's code, or a product and one of its lots."""

    pack = Text(128)
    gtin = Digits(14)
    lot = Code()
    site = Code()
    unit = Code()

    @validates_schema
    def check_lot(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a query that names neither a pack nor a lot, or half a lot."""
        if ("gtin" in data) != ("lot" in data):
            missing = "lot" if "gtin" in data else "gtin"
            raise ValidationError({missing: ["Expected gtin and lot together, got one alone."]})
        if "pack" not in data and "gtin" not in data:
            raise ValidationError({"pack": ["Expected a pack, or gtin and lot, got neither."]})


@blueprint.get("/doses/check")
@allow(*VACCINATORS)
@blueprint.arguments(CheckQuery, location="query")
@blueprint.response(200, CheckSchema)
def get_check(query: dict[str, Any]) -> dict[str, Any]:
    """Say before the injection whether to give it, and why not.

    Without a site and a unit the token's own site is meant. A token of several sites must name one:
    without a place there is nothing to judge.
    """
    scope = visitor().scope
    query.setdefault("site", scope.site)
    if query["site"] is None and "unit" not in query:
        message = "Expected a site or a unit, because the token is of no single site; got neither."
        raise Problem(422, message, {"site": [message]})
    with doors().database.read() as session:
        _refuse_elsewhere(session, scope, query["site"], query.get("unit"))
        return check_dose(session, Intended(**query), doors().clock(), scope)


def _refuse_elsewhere(session: Session, scope: Scope, site: str | None, unit: str | None) -> None:
    """Refuse a place that the visitor does not see, and a unit that stands at another site."""
    if site is not None and not reaches_site(session, scope, site):
        raise not_found("site", site, field="site")
    if unit is None:
        return
    if not reaches_unit(session, scope, unit):
        raise not_found("unit", unit, field="unit")
    if site is not None and site_of_unit(session, unit) != site:
        message = f"Expected a unit of site {site}, got {unit}."
        raise Problem(422, message, {"unit": [message]})


@blueprint.post("/doses")
@allow(*VACCINATORS)
@blueprint.arguments(DoseSchema)
@blueprint.response(201, DoseReceiptSchema)
@blueprint.alt_response(200, schema=DoseReceiptSchema, success=True, description="Known already")
def post_dose(dose: Dose) -> Any:
    """Record a dose that was given, with its findings; it is never refused for them."""
    parts, who, now = doors(), visitor(), doors().clock()
    dose = without_person_in_reason(dose)
    with parts.database.begin() as session:
        if not reaches_site(session, who.scope, dose.site):
            raise not_found("site", dose.site, field="site")
        try:
            outcome = record_dose(session, dose, parts.vault, now, corrects_within(who))
        except DoseRefused as refused:
            raise Problem(422, str(refused), {refused.refusal.field: [str(refused)]}) from refused
        audit_dose(session, who, dose, now)
    if outcome.is_conflict:
        message = "Expected the content first sent with this id, got another; both are kept."
        raise Problem(409, message, {"id": [message]})
    with parts.database.read() as session:
        found = findings_of_doses(session, [outcome.dose_id])
    receipt = {"id": dose.id, "findings": found[dose.id]}
    headers = {"Location": f"/api/v1/doses/{dose.id}/trace"}
    return receipt, 201 if outcome.is_new else 200, headers


@blueprint.get("/doses/<code:code>/trace")
@allow(*READERS)
@blueprint.response(200, DoseTraceSchema)
def get_trace(code: str) -> dict[str, Any]:
    """Trace a dose backwards: its lot, its maker, its way and what it lived through."""
    with doors().database.read() as session:
        trace = trace_dose(session, visitor().scope, code)
    if trace is None:
        raise not_found("dose", code)
    return trace


@blueprint.post("/doses/<code:code>/reveal")
@allow(*REVEALERS)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, RevealedSchema)
def post_reveal(wanted: dict[str, Any], code: str) -> dict[str, Any]:
    """Show the person behind a dose, for a reason; both are audited.

    A vaccinator sees those of the own site, officers and administrators those of their division.
    """
    return reveal_recipient(code, wanted["reason"])
