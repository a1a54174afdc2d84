"""A unit's temperatures over time in answers (contract §5)."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.excursion import ExcursionSchema
from schemas.fields import Moment


class PointSchema(Document):
    """One measured value."""

    at = Moment(required=True)
    celsius = fields.Float(required=True)
    sensor = fields.String(required=True)


class LimitsSchema(Document):
    """Between which temperatures the unit's profile allows."""

    min_celsius = fields.Float(required=True, allow_none=True)
    max_celsius = fields.Float(required=True, allow_none=True)


class StretchSchema(Document):
    """A stretch of time; `until` is null while it lasts."""

    begin = Moment(required=True, data_key="from", attribute="from")
    until = Moment(required=True, allow_none=True)


class SeriesSchema(Document):
    """A series that keeps every minimum and maximum."""

    unit = fields.String(required=True)
    begin = Moment(required=True, data_key="from", attribute="from")
    end = Moment(required=True, data_key="to", attribute="to")
    points = fields.List(fields.Nested(PointSchema), required=True)
    limits = fields.Nested(LimitsSchema, required=True)
    excursions = fields.List(fields.Nested(ExcursionSchema), required=True)
    silences = fields.List(fields.Nested(StretchSchema), required=True)
