"""A shipment in answers: what left, what arrived of it and when, what is still on its way."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Moment
from schemas.finding import MovementFindingSchema
from schemas.trace import ExposureSchema, NamedLotSchema


class ReceiptOfShipmentSchema(Document):
    """A receipt; `of_this` is how much of its doses the ledger took out of this shipment."""

    id = fields.String(required=True)
    at = Moment(required=True)
    unit = fields.String(required=True, allow_none=True)
    document = fields.String(required=True, allow_none=True)
    doses = fields.Integer(required=True)
    of_this = fields.Integer(required=True)


class ReportedOfShipmentSchema(Document):
    """What the receiver reported of a delivery by its document: returned, broken, sampled."""

    id = fields.String(required=True)
    at = Moment(required=True)
    step = fields.String(required=True)
    doses = fields.Integer(required=True)
    reason = fields.String(required=True, allow_none=True)


class ShipmentDocumentSchema(Document):
    """What became of a shipment, or of a return, which is one in the other direction.

    `state` is `on_the_way`, `partly_received`, `received`, or `not_in_force` for one that a
    correction replaced or withdrew.
    """

    id = fields.String(required=True)
    step = fields.String(required=True)
    lot = fields.Nested(NamedLotSchema, required=True)
    sender = fields.String(required=True, data_key="from", attribute="from")
    receiver = fields.String(required=True, data_key="to", attribute="to")
    carrier = fields.String(required=True, allow_none=True)
    document = fields.String(required=True, allow_none=True)
    shipped_at = Moment(required=True)
    in_force = fields.Boolean(required=True)
    state = fields.String(required=True)
    doses_shipped = fields.Integer(required=True)
    doses_received = fields.Integer(required=True)
    doses_on_the_way = fields.Integer(required=True)
    on_the_way_since = Moment(required=True, allow_none=True)
    receipts = fields.List(fields.Nested(ReceiptOfShipmentSchema), required=True)
    reported = fields.List(fields.Nested(ReportedOfShipmentSchema), required=True)
    exposure = fields.Nested(ExposureSchema, required=True)
    findings = fields.List(fields.Nested(MovementFindingSchema), required=True)
