"""Refused messages in answers."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from schemas.document import Document
from schemas.fields import Code, Moment, Whole


class RejectionSchema(Document):
    """A message that was refused, without its payload."""

    id = fields.String(required=True)
    topic = fields.String(required=True)
    site = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    field = fields.String(required=True)
    expected = fields.String(required=True)
    got = fields.String(required=True)
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)
    times = fields.Integer(required=True)
    first_at = Moment(required=True)
    last_at = Moment(required=True)
    replayed_at = Moment(required=True, allow_none=True)


class ReplaySchema(Document):
    """Which refused messages to take once more: by id, or all of a reason, a site, or both."""

    ids = fields.List(Whole(1))
    reason = Code()
    site = Code()

    @validates_schema
    def check_any(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a body that names nothing, or more ids than a page has."""
        if not data:
            raise ValidationError({"ids": ["Expected ids, a reason or a site, got nothing."]})
        if "ids" in data and not 1 <= len(data["ids"]) <= 1_000:
            raise ValidationError({"ids": [f"Expected 1 to 1000 ids, got {len(data['ids'])}."]})


class ReplayAnswerSchema(Document):
    """How many messages the ingester was asked to take once more."""

    asked = fields.Integer(required=True)
