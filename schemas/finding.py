"""Findings in answers: what is wrong with a fact as the record stands."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Code, Moment, Text


class FindingSchema(Document):
    """A code of contract §5, and a sentence in Chinese and English."""

    code = Code(required=True)
    text = Text(512, required=True)


class LotFindingSchema(FindingSchema):
    """What a lot is now, or a finding of the dose or the movement that is named, as it was then."""

    site = fields.String(allow_none=True)
    movement = fields.String(allow_none=True)
    dose = fields.String(allow_none=True)


class RefusalSchema(Document):
    """Why one item was not taken."""

    reason = fields.String(required=True)
    field = fields.String(required=True)
    expected = fields.String(required=True)
    got = fields.String(required=True)


class ReceiptSchema(Document):
    """What became of the items of one message."""

    stored = fields.Integer(required=True)
    repeated = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    refusals = fields.List(fields.Nested(RefusalSchema), required=True)


class MovementFindingSchema(FindingSchema):
    """A finding of a movement that was stored: a fact is kept even when it is wrong."""

    movement = Code(required=True)


class MovementReceiptSchema(ReceiptSchema):
    """What became of reported movements, and what the ledger found in them."""

    findings = fields.List(fields.Nested(MovementFindingSchema), required=True)


class CheckSchema(Document):
    """The answer before an injection."""

    verdict = fields.String(required=True, metadata={"enum": ["give", "stop"]})
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class DoseReceiptSchema(Document):
    """That a dose is recorded, with its findings."""

    id = Code(required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class DosesReceiptSchema(ReceiptSchema):
    """What became of reported doses, and what is wrong with those that are recorded."""

    doses = fields.List(fields.Nested(DoseReceiptSchema), required=True)


class FoundFactSchema(Document):
    """A fact that has a finding: a movement or a dose."""

    at = Moment(required=True)
    movement = fields.String(required=True, allow_none=True)
    dose = fields.String(required=True, allow_none=True)


class FoundLotSchema(Document):
    """The lot of a finding, with its product's name."""

    gtin = fields.String(required=True)
    number = fields.String(required=True)
    product = fields.String(allow_none=True)
    product_en = fields.String(allow_none=True)


class ListedFindingSchema(FindingSchema):
    """What is wrong with a lot at a site: how often, since when, and the newest facts of it."""

    lot = fields.Nested(FoundLotSchema, required=True, allow_none=True)
    site = fields.String(required=True, allow_none=True)
    count = fields.Integer(required=True)
    first_at = Moment(required=True, allow_none=True)
    last_at = Moment(required=True, allow_none=True)
    examples = fields.List(fields.Nested(FoundFactSchema), required=True)
