"""Shipments: what left, what arrived of it, and what is still on its way."""

from __future__ import annotations

from typing import Any

from schemas.shipment import ShipmentDocumentSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.shipment import shipment_document

blueprint = Noun("shipment", __name__, description="Shipments and their receipts")


@blueprint.get("/shipments/<code:code>")
@allow(*READERS)
@blueprint.response(200, ShipmentDocumentSchema)
def get_shipment(code: str) -> dict[str, Any]:
    """Show what became of a shipment, by the id of the movement that sent it.

    Each receipt with how much of it came out of this shipment, what the receiver reported by
    the delivery's document (returned, broken, sampled), and what is still on its way since when.
    """
    parts = doors()
    with parts.database.read() as session:
        found = shipment_document(session, visitor().scope, code, parts.clock())
    if found is None:
        raise not_found("shipment", code)
    return found
