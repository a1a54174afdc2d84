"""Holds and releases of lots on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields, post_load

from schemas.document import Document
from schemas.dose import ReasonSchema
from schemas.fields import Code, Moment, Whole


@dataclass(frozen=True, slots=True)
class Order:
    """That a lot is to be held, or a hold released: why, and since when.

    `hold` says which hold a release ends, where there are several; `urgency` is a recall's class.
    """

    reason: str
    at: datetime | None = None
    hold: int | None = None
    urgency: int | None = None


class HoldSchema(ReasonSchema):
    """Why a lot is held, and since when; without a moment, from now on."""

    at = Moment()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Order:
        return Order(**data)


class ReleaseSchema(HoldSchema):
    """Why a hold ends, since when, and which one where the lot has several."""

    hold = Whole(1)


class HoldEndSchema(Document):
    """When and why a hold ended."""

    at = Moment(required=True)
    reason = fields.String(required=True)
    by = fields.String(required=True, allow_none=True)
    recorded_at = Moment(required=True)


class HoldDocumentSchema(Document):
    """A hold: where it holds, since when, why; `by` is not told below whoever placed it."""

    id = fields.Integer(required=True)
    division = fields.String(required=True)
    division_name = fields.String(required=True, allow_none=True)
    site = Code(required=True, allow_none=True)
    recall_class = fields.Integer(required=True, allow_none=True)
    at = Moment(required=True)
    reason = fields.String(required=True)
    by = fields.String(required=True, allow_none=True)
    recorded_at = Moment(required=True)
    release = fields.Nested(HoldEndSchema, required=True, allow_none=True)
