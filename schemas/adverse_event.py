"""Adverse events following immunization on the wire: WHO's core variables beside a dose's own.

Vaccine, lot, moment and place of the injection are the dose's; the person is the dose's too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.document import Document, PrivateDocument
from schemas.fields import Choice, Code, Day, Moment, Text, Whole
from schemas.finding import FindingSchema
from schemas.trace import ExposureSchema, NamedLotSchema

#: The terms of WHO's reporting form; `other` is said in words.
EVENTS = (
    "severe_local_reaction",
    "febrile_seizure",
    "afebrile_seizure",
    "abscess",
    "sepsis",
    "encephalopathy",
    "toxic_shock_syndrome",
    "thrombocytopenia",
    "anaphylaxis",
    "fever",
    "other",
)
SERIOUSNESS = (
    "death",
    "life_threatening",
    "disability",
    "hospitalization",
    "congenital_anomaly",
    "other_important_event",
)
OUTCOMES = (
    "recovering",
    "recovered",
    "recovered_with_sequelae",
    "not_recovered",
    "unknown",
    "died",
)
REPORTERS = ("vaccinator", "health_worker", "recipient_or_family", "manufacturer", "other")


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """What happened to somebody after a dose. `description` may name people: the repr does not."""

    id: str
    onset_at: datetime
    reported_at: datetime
    events: tuple[str, ...]
    seriousness: tuple[str, ...]
    outcome: str
    reporter: str
    died_on: date | None = None
    description: str | None = None
    corrects: str | None = None

    def __repr__(self) -> str:
        return f"AdverseEvent(id={self.id!r}, …)"


def _each_once(words: list[str]) -> None:
    if len(set(words)) != len(words):
        raise ValidationError("Expected each word once.")


def _some(words: list[str]) -> None:
    if not words:
        raise ValidationError("Expected at least one event.")


class AdverseEventSchema(PrivateDocument):
    """An adverse event after a dose, as its reporter tells it; it names no reporter."""

    id = Code(required=True)
    onset_at = Moment(required=True)
    reported_at = Moment(required=True)
    events = fields.List(Choice(*EVENTS), required=True, validate=[_some, _each_once])
    seriousness = fields.List(Choice(*SERIOUSNESS), required=True, validate=_each_once)
    outcome = Choice(*OUTCOMES, required=True)
    died_on = Day()
    reporter = Choice(*REPORTERS, required=True)
    description = Text(4_000)
    corrects = Code()

    @validates_schema
    def check_together(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse what contradicts itself: a death without its outcome, `other` without words."""
        errors = {}
        if (data["outcome"] == "died") != ("death" in data["seriousness"]):
            errors["outcome"] = ["Expected died where death is among seriousness, else another."]
        if "died_on" in data and data["outcome"] != "died":
            errors["died_on"] = ["Expected a day of death only with the outcome died."]
        if "other" in data["events"] and "description" not in data:
            errors["description"] = ["Expected the other event in words."]
        if data["reported_at"] < data["onset_at"]:
            errors["reported_at"] = ["Expected a moment at or after the onset."]
        if errors:
            raise ValidationError(errors)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AdverseEvent:
        data |= {name: tuple(sorted(data[name])) for name in ("events", "seriousness")}
        return AdverseEvent(**data)


class AdverseEventReceiptSchema(Document):
    """That an adverse event is recorded."""

    id = Code(required=True)
    dose = Code(required=True)


class ReportedEventSchema(Document):
    """A report as it is kept; its words are sealed, and shown for a reason."""

    id = fields.String(required=True)
    dose = fields.String(required=True)
    onset_at = Moment(required=True)
    reported_at = Moment(required=True)
    recorded_at = Moment(required=True)
    events = fields.List(fields.String(), required=True)
    seriousness = fields.List(fields.String(), required=True)
    outcome = fields.String(required=True)
    died_on = Day(required=True, allow_none=True)
    reporter = fields.String(required=True)
    has_description = fields.Boolean(required=True)
    corrects = fields.String(required=True, allow_none=True)
    corrected_by = fields.String(required=True, allow_none=True)


class DoseEventsSchema(Document):
    """All reports about a dose, corrected ones too, the newest first."""

    items = fields.List(fields.Nested(ReportedEventSchema), required=True)


class LotEventSchema(ReportedEventSchema):
    """A report about a dose of a lot, with what that dose certainly lived through."""

    dose_at = Moment(required=True)
    site = fields.String(required=True)
    exposure = fields.Nested(ExposureSchema, required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)


class EventCountSchema(Document):
    """How many reports tell an event, and how many that are of 100,000 doses given."""

    event = fields.String(required=True)
    reports = Whole(0, required=True)
    per_100000_doses = fields.Float(required=True, allow_none=True)


class LotEventsSchema(Document):
    """Adverse events after doses of a lot: counts, rates, and a page of the reports."""

    lot = fields.Nested(NamedLotSchema, required=True)
    doses_given = Whole(0, required=True)
    reports = Whole(0, required=True)
    serious = Whole(0, required=True)
    per_100000_doses = fields.Float(required=True, allow_none=True)
    counts = fields.List(fields.Nested(EventCountSchema), required=True)
    items = fields.List(fields.Nested(LotEventSchema), required=True)
    next = fields.String(required=True, allow_none=True)


class DescriptionSchema(Document):
    """An adverse event in the words of its reporter."""

    id = fields.String(required=True)
    description = fields.String(required=True)
