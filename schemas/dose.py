"""Administered doses on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.correction import errors_of_correction
from schemas.document import Document, PrivateDocument
from schemas.fields import Choice, Code, Day, Flag, Moment, Text, Whole, plain_spelling
from schemas.lot import LotKey, LotKeySchema
from schemas.page import MAX_LIMIT

_SHORTEST_REASON = 2


@dataclass(frozen=True, slots=True)
class Recipient:
    """The person who received a dose. Never logged: its repr shows nothing."""

    document: str
    document_type: str
    name: str | None = None
    born_on: date | None = None
    sex: str | None = None

    def __repr__(self) -> str:
        return "Recipient(…)"


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose that was given, with the lot, the pack, or both."""

    id: str
    at: datetime
    site: str
    recipient: Recipient
    unit: str | None = None
    lot: LotKey | None = None
    pack: str | None = None
    dose_number: int | None = None
    vaccinator: str | None = None
    route: str | None = None
    body_site: str | None = None
    corrects: str | None = None
    corrected_at: datetime | None = None
    void: bool | None = None
    reason: str | None = None


def spell_document(text: str) -> str:
    """The spelling under which a document number counts as the same one."""
    return plain_spelling(text)


def _is_written(text: str) -> None:
    """Refuse blanks alone: they would make one person of everybody without a document."""
    if not spell_document(text):
        raise ValidationError("Expected a document number, got blanks.")


class RecipientSchema(PrivateDocument):
    """A person by an identity document."""

    document = Text(64, required=True, validate=_is_written)
    document_type = Text(32, required=True)
    name = Text(128)
    born_on = Day()
    sex = Choice("male", "female", "other", "unknown")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Recipient:
        return Recipient(**data)


def _says_something(text: str) -> None:
    if len(spell_document(text)) < _SHORTEST_REASON:
        raise ValidationError("Expected a reason in words.")


class ReasonSchema(PrivateDocument):
    """Why somebody must see a person unmasked; it stands in the audit."""

    reason = Text(256, required=True, validate=_says_something)


class RevealedListSchema(ReasonSchema):
    """A page of recipients unmasked, or all of them as a table, and why."""

    limit = Whole(1, MAX_LIMIT, load_default=50)
    cursor = Text(512)
    format = Choice("json", "csv", load_default="json")


class DoseSchema(Document):
    """A dose of contract §5: it names a lot, a pack, or both."""

    id = Code(required=True)
    at = Moment(required=True)
    site = Code(required=True)
    unit = Code()
    lot = fields.Nested(LotKeySchema)
    pack = Text(128)
    recipient = fields.Nested(RecipientSchema, required=True)
    dose_number = Whole(1, 99)
    vaccinator = Text(64)
    route = Text(64)
    body_site = Text(64)
    corrects = Code()
    corrected_at = Moment()
    void = Flag()
    reason = Text(256)

    @validates_schema
    def check_lot(self, data: dict[str, Any], **_: Any) -> None:
        if "lot" not in data and "pack" not in data:
            raise ValidationError({"lot": ["Expected a lot, a pack, or both, got neither."]})

    @validates_schema
    def check_correction(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse half a correction, and a reason without one."""
        errors = errors_of_correction(data)
        if "reason" in data and "corrects" not in data:
            errors["reason"] = ["Expected no such field without corrects."]
        if errors:
            raise ValidationError(errors)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Dose:
        data["void"] = data.get("void") or None
        return Dose(**data)
