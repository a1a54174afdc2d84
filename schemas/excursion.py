"""Excursions in answers (contract §5)."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Moment


class ExcursionSchema(Document):
    """An episode of a unit under a rule."""

    id = fields.String(required=True)
    unit = fields.String(required=True)
    site = fields.String(required=True)
    rule = fields.String(required=True)
    level = fields.String(required=True, metadata={"enum": ["notice", "alarm"]})
    side = fields.String(required=True)
    state = fields.String(required=True)
    started_at = Moment(required=True)
    triggered_at = Moment(required=True)
    ended_at = Moment(required=True, allow_none=True)
    found_at = Moment()
    peak_celsius = fields.Float(required=True, allow_none=True)
    limit_celsius = fields.Float(allow_none=True)
    minutes = fields.Float(required=True)
    unknown_minutes = fields.Float(required=True)
    revision = fields.Integer(required=True)
    late = fields.Boolean(required=True)


class MailSchema(Document):
    """An e-mail about an excursion; the address is masked for those who only look."""

    email = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": ["waiting", "sent", "given_up"]})
    due_at = Moment(required=True)
    sent_at = Moment(required=True, allow_none=True)
    attempts = fields.Integer(required=True)
    last_error = fields.String(allow_none=True)


class ExcursionDetailSchema(ExcursionSchema):
    """An episode with everything that was said of it before, and its e-mails."""

    revisions = fields.List(fields.Dict(), required=True)
    mails = fields.List(fields.Nested(MailSchema), required=True)
