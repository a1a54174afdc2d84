"""Refused messages in answers."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Moment


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
