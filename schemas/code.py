"""Answers about any code in hand: what it names, and what it is by its form."""

from __future__ import annotations

from marshmallow import fields

from schemas.document import Document
from schemas.fields import Day


class AnswerSchema(Document):
    """What a code in hand may name, and where its document is."""

    kind = fields.String(required=True)
    code = fields.String(required=True)
    url = fields.String(required=True)
    title = fields.String(required=True)


class HintSchema(Document):
    """What is odd about a code; it is read all the same."""

    code = fields.String(required=True)
    text = fields.String(required=True)


class KnownSchema(Document):
    """Whether the record has what a code names; null where it names no such thing."""

    product = fields.Boolean(required=True, allow_none=True)
    lot = fields.Boolean(required=True, allow_none=True)
    pack = fields.Boolean(required=True, allow_none=True)


class MeaningSchema(Document):
    """One thing that a code may be by its form; `expires_on` is the day on the label."""

    scheme = fields.String(required=True)
    code = fields.String(required=True)
    gtin = fields.String(required=True, allow_none=True)
    product = fields.String(required=True, allow_none=True)
    lot = fields.String(required=True, allow_none=True)
    serial = fields.String(required=True, allow_none=True)
    expires_on = Day(required=True, allow_none=True)
    sscc = fields.String(required=True, allow_none=True)
    asset = fields.String(required=True, allow_none=True)
    known = fields.Nested(KnownSchema, required=True)
    hints = fields.List(fields.Nested(HintSchema), required=True)
    text = fields.String(required=True)


class CodeAnswersSchema(Document):
    """Everything that a code may name, and everything that it may be.

    `symbols` are the texts of the symbols in a photograph, as a scanner would send them.
    """

    items = fields.List(fields.Nested(AnswerSchema), required=True)
    next = fields.String(required=True, allow_none=True)
    meanings = fields.List(fields.Nested(MeaningSchema), required=True)
    symbols = fields.List(fields.String(), required=True)
