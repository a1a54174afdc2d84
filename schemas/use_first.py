"""What to use first at a site, in answers."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Day, Moment
from schemas.finding import FindingSchema
from schemas.trace import NamedLotSchema


class BudgetUsedSchema(Document):
    """Minutes above a limit that were used, and how many are allowed over a whole life."""

    above_celsius = fields.Float(required=True)
    minutes = fields.Float(required=True)
    allowed_minutes = fields.Float(required=True)


class LifeUsedSchema(Document):
    """How much of what a product can bear was used; shares of 1."""

    budget_used = fields.Float(required=True, allow_none=True)
    budget = fields.List(fields.Nested(BudgetUsedSchema), required=True)
    vvm_life_used = fields.Float(required=True, allow_none=True)
    frozen = fields.Boolean(required=True)
    unknown_minutes = fields.Float(required=True)


class StockSchema(Document):
    """A lot in a unit: what it certainly lived through, and at worst where its ways differ."""

    lot = fields.Nested(NamedLotSchema, required=True)
    unit = fields.String(required=True)
    doses = fields.Integer(required=True)
    expires_on = Day(required=True, allow_none=True)
    certain = fields.Nested(LifeUsedSchema, required=True)
    possible = fields.Nested(LifeUsedSchema, required=True, allow_none=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class UseFirstSchema(Document):
    """What lies at a site, the first to use first; what must not be used stands apart."""

    site = fields.String(required=True)
    at = Moment(required=True)
    use_first = fields.List(fields.Nested(StockSchema), required=True)
    do_not_use = fields.List(fields.Nested(StockSchema), required=True)
