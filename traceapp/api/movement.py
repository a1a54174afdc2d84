"""Movements of lots, reported by sites."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy.orm import Session

from schemas.finding import MovementReceiptSchema
from schemas.movement import MovementSchema
from schemas.trace import MovementDocumentSchema
from traceapp.access.correction import corrects_within
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS, REPORTERS
from traceapp.api.item import Items, answer_receipt, keep_refused, load_items
from traceapp.api.noun import JSON, Noun, json_body
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.trace.movement import findings_of_movements, movement_document
from traceapp.trace.reach import reaches_unit, site_of_unit
from traceapp.trace.scope import Scope

blueprint = Noun("movement", __name__, description="Movements of lots")
_MOST_MOVEMENTS = 1_000
_ONE = {"$ref": "#/components/schemas/Movement"}
_MANY = {"type": "array", "items": _ONE, "minItems": 1, "maxItems": _MOST_MOVEMENTS}
_ENVELOPE = {
    "type": "object",
    "required": ["movements"],
    "additionalProperties": False,
    "properties": {"movements": _MANY},
}


@blueprint.post("/movements")
@allow(*REPORTERS)
@blueprint.doc(
    requestBody={
        "required": True,
        "content": {JSON: {"schema": {"anyOf": [_ONE, _MANY, _ENVELOPE]}}},
    }
)
@blueprint.response(201, MovementReceiptSchema)
@blueprint.alt_response(
    200, schema=MovementReceiptSchema, success=True, description="Known already"
)
def post_movements() -> Any:
    """Store one movement or several, and say what the ledger finds in them.

    A movement is a fact even when it is wrong: one that the ledger cannot explain is stored
    and shown as a finding.
    """
    now = doors().clock()
    who = visitor()
    items = load_items(_listed(json_body(request)), MovementSchema(), "movements", _MOST_MOVEMENTS)
    with doors().database.begin() as session:
        _refuse_strangers(session, who.scope, items)
        message = MovementMessage(None, items.good, corrects_within(who))
        [receipt] = record_movements(session, [message], now)
        keep_refused(session, "POST /api/v1/movements", items, receipt, now, _site(session, items))
        findings = findings_of_movements(session, [movement.id for movement in items.good])
    return answer_receipt(items, receipt, findings=findings)


@blueprint.get("/movements/<code:code>")
@allow(*READERS)
@blueprint.response(200, MovementDocumentSchema)
def get_movement(code: str) -> dict[str, Any]:
    """Show a movement as it was reported, what corrects it, and what the ledger finds in it."""
    with doors().database.read() as session:
        found = movement_document(session, visitor().scope, code)
    if found is None:
        raise not_found("movement", code)
    return found


def _listed(body: Any) -> Any:
    """Return the list in a body: an envelope, a list, or one movement alone."""
    if isinstance(body, dict) and "movements" in body:
        unknown = sorted(set(body) - {"movements"})
        if unknown:
            errors = {name: ["Unknown field."] for name in unknown}
            raise Problem(422, "Expected no other fields beside movements.", errors)
        return body["movements"]
    return body if isinstance(body, list) else [body]


def _refuse_strangers(session: Session, scope: Scope, items: Items) -> None:
    """Let nobody report for a site outside their scope; nothing of such a body is taken."""
    errors: dict[str, list[str]] = {}
    for place, movement in zip(items.places, items.good, strict=True):
        field, unit = movement.reporting_unit
        if unit and not scope.is_country and not reaches_unit(session, scope, unit):
            errors[f"[{place}].{field}"] = [f"Expected a unit that you may report for, got {unit}."]
    if errors:
        raise Problem(404, "Expected movements of your own units.", errors)


def _site(session: Session, items: Items) -> str | None:
    """Return the site whose officers are to see what was refused, where it is known."""
    units = [unit for _, unit in (one.reporting_unit for one in items.good) if unit]
    return visitor().scope.site or (site_of_unit(session, units[0]) if units else None)
