"""Doses in batches: what a phone or another system gathered while it was away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.document import Refusal
from schemas.dose import DoseSchema
from schemas.finding import DosesReceiptSchema
from traceapp.access.correction import audit_dose, corrects_within, without_person_in_reason
from traceapp.access.guard import allow, visitor
from traceapp.access.role import VACCINATORS
from traceapp.api.item import Items, answer_receipt, load_items
from traceapp.api.noun import JSON, Noun, json_body
from traceapp.capture.dose import DoseOutcome, DoseRefused, record_doses
from traceapp.capture.receipt import Receipt
from traceapp.doors import doors
from traceapp.models.site import Site
from traceapp.problem import Problem
from traceapp.trace.dose_finding import findings_of_doses
from traceapp.trace.scope import Scope

blueprint = Noun("dose batch", __name__, description="Administered doses, many at once")
_MOST_DOSES = 1_000
_ENVELOPE = {
    "type": "object",
    "required": ["doses"],
    "additionalProperties": False,
    "properties": {
        "doses": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Dose"},
            "minItems": 1,
            "maxItems": _MOST_DOSES,
        }
    },
}


@blueprint.post("/doses/batch")
@allow(*VACCINATORS)
@blueprint.doc(requestBody={"required": True, "content": {JSON: {"schema": _ENVELOPE}}})
@blueprint.response(201, DosesReceiptSchema)
@blueprint.alt_response(
    200, schema=DosesReceiptSchema, success=True, description="Known already, all of them"
)
def post_doses() -> Any:
    """Record up to 1,000 doses that were given, each judged for itself, with their findings.

    A dose is never refused for its findings. What is refused is not kept, for it names a person:
    the answer says which place in the list, and why.
    """
    parts, who, now = doors(), visitor(), doors().clock()
    items = load_items(_listed(json_body(request)), DoseSchema(), "doses", _MOST_DOSES)
    items.good[:] = [without_person_in_reason(dose) for dose in items.good]
    with parts.database.begin() as session:
        _refuse_strangers(session, who.scope, items)
        within = corrects_within(who)
        outcomes = record_doses(session, items.good, parts.vault, now, within)
        for dose, outcome in zip(items.good, outcomes, strict=True):
            if isinstance(outcome, DoseOutcome) and outcome.is_new:
                audit_dose(session, who, dose, now)
    known = [one for one in outcomes if isinstance(one, DoseOutcome) and not one.is_conflict]
    with parts.database.read() as session:
        found = findings_of_doses(session, [one.dose_id for one in known])
    told = [{"id": code, "findings": findings} for code, findings in found.items()]
    return answer_receipt(items, _receipt(items, outcomes), is_kept=False, doses=told)


def _listed(body: Any) -> Any:
    if not isinstance(body, dict) or set(body) != {"doses"}:
        message = "Expected an object with the list doses, and nothing else."
        raise Problem(422, message, {"doses": [message]})
    return body["doses"]


def _refuse_strangers(session: Session, scope: Scope, items: Items) -> None:
    """Take out the doses of sites that the visitor does not see, as if nobody knew these."""
    named = {dose.site for dose in items.good}
    seen = set(session.scalars(select(Site.code).where(Site.code.in_(named), scope.sites())))
    good = list(zip(items.places, items.good, strict=True))
    for place, dose in good:
        if dose.site not in seen:
            refusal = Refusal("unknown_site", "site", "a registered site", dose.site)
            items.refused.append((place, refusal.at_place(place)))
    items.places[:] = [place for place, dose in good if dose.site in seen]
    items.good[:] = [dose for _, dose in good if dose.site in seen]


def _receipt(items: Items, outcomes: list[DoseOutcome | DoseRefused]) -> Receipt:
    """What became of all doses; the refusals in the order of their places."""
    receipt = Receipt()
    refused = [(place or 0, _without_person(refusal)) for place, refusal in items.refused]
    for place, dose, outcome in zip(items.places, items.good, outcomes, strict=True):
        if isinstance(outcome, DoseRefused):
            refused.append((place, outcome.refusal.at_place(place)))
        elif outcome.is_conflict:
            expected = "the content first sent with this id"
            refused.append((place, Refusal("conflict", "id", expected, dose.id).at_place(place)))
        elif outcome.is_new:
            receipt.stored += 1
        else:
            receipt.repeated += 1
    receipt.refusals = [refusal for _, refusal in sorted(refused, key=lambda one: one[0])]
    return receipt


def _without_person(refusal: Refusal) -> Refusal:
    """A refusal that does not repeat what was said of a person."""
    is_of_person = "recipient" in refusal.field
    return replace(refusal, got="what is not repeated") if is_of_person else refusal
