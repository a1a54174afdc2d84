"""The audit in answers: who read or changed what."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Moment, Text
from schemas.page import PageQuery, QueryMoment


class AuditQuery(PageQuery):
    """Which lines: of whom, of which act, in [from, to)."""

    actor = Text(64)
    action = Text(64)
    begin = QueryMoment(data_key="from")
    end = QueryMoment(data_key="to")


class AuditSchema(Document):
    """One line: `object` names a dose, a lot or an account, and never a person."""

    id = fields.String(required=True)
    at = Moment(required=True)
    actor = fields.String(required=True)
    action = fields.String(required=True)
    object = fields.String(required=True)
    detail = fields.Dict(required=True, allow_none=True)
