"""Administered doses on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.document import Document
from schemas.fields import Choice, Code, Day, Moment, Text, Whole
from schemas.lot import LotKey, LotKeySchema


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


def _is_written(text: str) -> None:
    """Refuse blanks alone: they would make one person of everybody without a document."""
    if not text.strip():
        raise ValidationError("Expected a document number, got blanks.")


class RecipientSchema(Document):
    """A person by an identity document."""

    document = Text(64, required=True, validate=_is_written)
    document_type = Text(32, required=True)
    name = Text(128)
    born_on = Day()
    sex = Choice("male", "female", "other", "unknown")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Recipient:
        return Recipient(**data)


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

    @validates_schema
    def check_lot(self, data: dict[str, Any], **_: Any) -> None:
        if "lot" not in data and "pack" not in data:
            raise ValidationError({"lot": ["Expected a lot, a pack, or both, got neither."]})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Dose:
        return Dose(**data)
