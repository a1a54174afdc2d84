"""Recalls on the wire: the order, and the report on how far it has come."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load

from schemas.document import Document
from schemas.fields import Choice, Code, Moment, Whole
from schemas.hold import HoldDocumentSchema, HoldSchema, Order
from schemas.page import PageQuery
from schemas.trace import LotDoseSchema, NamedLotSchema, RevealedDoseSchema


class RecallSchema(HoldSchema):
    """Why a lot is recalled, its class (1 to 3), and since when."""

    urgency = Whole(1, 3, required=True, data_key="class")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Order:
        return Order(**data)


class AcknowledgementSchema(Document):
    """Which site knows of a recall; an account of one site need not say it."""

    may_be_left_out = True

    site = Code()


class AcknowledgedSchema(Document):
    """That a site knows of a recall, since when."""

    site = Code(required=True)
    at = Moment(required=True)


class RecallQuery(Document):
    """A report, or its sites as a table."""

    format = Choice("json", "csv", load_default="json")


class RecallProgressSchema(Document):
    """How far a recall has come; null percentages are of nothing."""

    held = fields.Integer(required=True)
    in_transit = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    destroyed = fields.Integer(required=True)
    wasted = fields.Integer(required=True)
    on_hand = fields.Integer(required=True)
    settled_percent = fields.Float(required=True, allow_none=True)
    given = fields.Integer(required=True)
    given_after = fields.Integer(required=True)
    recipients = fields.Integer(required=True)
    revaccinated = fields.Integer(required=True)
    revaccinated_percent = fields.Float(required=True, allow_none=True)


class RecallSiteSchema(RecallProgressSchema):
    """One site that held the lot or gave doses of it."""

    site = Code(required=True)
    division = fields.String(required=True)
    notified_at = Moment(required=True, allow_none=True)
    reminders = fields.Integer(required=True)
    acknowledged_at = Moment(required=True, allow_none=True)


class RecallTotalSchema(RecallProgressSchema):
    """All sites of a report together; a person is counted once."""

    sites = fields.Integer(required=True)
    notified = fields.Integer(required=True)
    notified_percent = fields.Float(required=True, allow_none=True)
    acknowledged = fields.Integer(required=True)
    acknowledged_percent = fields.Float(required=True, allow_none=True)


class RecallReportSchema(Document):
    """A recall and how far it has come, at the sites that the reader may see."""

    lot = fields.Nested(NamedLotSchema, required=True)
    recall = fields.Nested(HoldDocumentSchema, required=True)
    at = Moment(required=True)
    total = fields.Nested(RecallTotalSchema, required=True)
    sites = fields.List(fields.Nested(RecallSiteSchema), required=True)


class ListQuery(PageQuery):
    """A page of recipients, or all of them as a table."""

    format = Choice("json", "csv", load_default="json")


class RecallRecipientSchema(LotDoseSchema):
    """Who received a dose of a recalled lot, masked, and when it was first given again."""

    again_at = Moment(required=True, allow_none=True)


class RecallRevealedSchema(RevealedDoseSchema):
    """Who received a dose of a recalled lot, unmasked, and when it was first given again."""

    again_at = Moment(required=True, allow_none=True)
