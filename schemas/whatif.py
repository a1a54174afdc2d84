"""What-if: other rules over readings that are there."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from schemas.document import Document
from schemas.fields import Choice, Code, Moment, Number
from schemas.profile import RuleSchema


class WhatIfSchema(Document):
    """Which rules (a preset's code, or rules of one's own) over which stretch of time."""

    profile = Code()
    rules = fields.List(fields.Nested(RuleSchema))
    begin = Moment(data_key="from", required=True)
    end = Moment(data_key="to", required=True)

    @validates_schema
    def check_rules(self, data: dict[str, Any], **_: Any) -> None:
        """Ask for one of both ways to name rules, and for a stretch of time."""
        if ("profile" in data) == ("rules" in data):
            raise ValidationError({"profile": ["Expected either a profile or rules."]})
        codes = [rule["code"] for rule in data.get("rules", [])]
        if "rules" in data and (not 1 <= len(codes) <= 50 or len(set(codes)) < len(codes)):
            raise ValidationError({"rules": ["Expected 1 to 50 rules, each code once."]})
        if data["begin"] >= data["end"]:
            raise ValidationError({"from": ["Expected a moment before `to`."]})


class SupposedSchema(Document):
    """An episode that those rules would have found."""

    rule = Code()
    level = Choice("notice", "alarm")
    side = Code()
    state = Choice("open", "ended")
    started_at = Moment()
    triggered_at = Moment()
    ended_at = Moment(allow_none=True)
    peak_celsius = Number(allow_none=True)
    limit_celsius = Number(allow_none=True)
    minutes = Number()
    unknown_minutes = Number()


class WhatIfAnswerSchema(Document):
    """The episodes of a unit in a stretch of time, oldest first."""

    unit = Code()
    begin = Moment(data_key="from", attribute="from")
    end = Moment(data_key="to", attribute="to")
    excursions = fields.List(fields.Nested(SupposedSchema))
