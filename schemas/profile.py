"""Profiles: rules as data (docs/judging.md)."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from schemas.document import Document
from schemas.fields import Choice, Code, Digits, Flag, Moment, Number, Text

_TEMPERATURE = ("above", "below")
_HEALTH = ("battery", "jump", "clock", "missing", "stuck")
_SIDES = ("above", "below", "door", "power", "silence", *_HEALTH)
#: Codes that stand for one side, whatever else a profile has.
_RESERVED = ("silence", "missing", "stuck")
_MOST_MINUTES = 366 * 24 * 60


class RuleSchema(Document):
    """A condition and how long it may hold; see `traceapp.rules.profile.Rule`."""

    code = Code(required=True)
    level = Choice("notice", "alarm", required=True)
    side = Choice(*_SIDES, required=True)
    limit_celsius = Number(-110, 80)
    limit = Number(0, 1_000)
    limit_included = Flag()
    minutes = Number(0, _MOST_MINUTES)
    mode = Choice("continuous", "cumulative")
    window_minutes = Number(1, _MOST_MINUTES)

    @validates_schema
    def check_limits(self, data: dict[str, Any], **_: Any) -> None:
        """Ask for the limit that the side needs, and for a window only where times add up."""
        side = data["side"]
        errors: dict[str, list[str]] = {}
        needs_celsius = side in (*_TEMPERATURE, "jump", "stuck")
        if needs_celsius != ("limit_celsius" in data):
            word = "a limit in °C" if needs_celsius else "no limit in °C"
            errors["limit_celsius"] = [f"Expected {word} for side {side}."]
        if (side in ("battery", "clock")) != ("limit" in data):
            errors["limit"] = ["Expected a limit for battery (%) and clock (minutes) only."]
        is_cumulative = data.get("mode") == "cumulative"
        if is_cumulative and (side not in _TEMPERATURE or not data.get("minutes")):
            errors["mode"] = ["Expected cumulative only above or below, with minutes."]
        if "window_minutes" in data and not is_cumulative:
            errors["window_minutes"] = ["Expected a window only for a cumulative rule."]
        if side == "stuck" and not data.get("minutes"):
            errors["minutes"] = ["Expected for how long a value must stay the same."]
        if side == "stuck" and data["code"] != "stuck":
            errors["code"] = [f"Expected the code stuck for that side, got {data['code']}."]
        if data["code"] in _RESERVED and side != data["code"]:
            errors["side"] = [f"Expected side {data['code']} for that code, got {side}."]
        if errors:
            raise ValidationError(errors)


class ProfileSchema(Document):
    """Rules for all units of that profile in the country, in a division, or at a site."""

    code = Code(required=True)
    name = Text(128)
    division = Digits(6)
    site = Code()
    rules = fields.List(fields.Nested(RuleSchema), required=True)
    valid_from = Moment()

    @validates_schema
    def check_profile(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse two places, no rules or too many, and a rule's code that stands twice."""
        if "division" in data and "site" in data:
            raise ValidationError({"site": ["Expected a division or a site, got both."]})
        codes = [rule["code"] for rule in data["rules"]]
        if not 1 <= len(codes) <= 50:
            raise ValidationError({"rules": [f"Expected 1 to 50 rules, got {len(codes)}."]})
        if len(set(codes)) < len(codes):
            raise ValidationError({"rules": ["Expected each rule's code once."]})
