"""A shipment: what left, what arrived, and what is still on its way."""

from __future__ import annotations

from flask import Blueprint, render_template

from traceapp.access.guard import allow, visitor
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.trace.shipment import shipment_document
from traceapp.web.names import learn_names

blueprint = Blueprint("shipment", __name__)


@blueprint.get("/shipments/<code:code>")
@allow(*READERS)
def shipment(code: str) -> str:
    """Draw what became of a shipment."""
    parts = doors()
    now = parts.clock()
    with parts.database.read() as session:
        found = shipment_document(session, visitor().scope, code, now)
        if found is None:
            raise not_found("shipment", code)
        learn_names(session, found)
    since = found["on_the_way_since"]
    waited = (now - since).total_seconds() / 60 if since is not None else None
    return render_template("pages/shipment.html", shipment=found, waited=waited)
