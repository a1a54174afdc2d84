"""Lot movements on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from schemas.correction import errors_of_correction
from schemas.document import Document
from schemas.fields import Choice, Code, Day, Flag, Moment, Text, Whole, plain_spelling
from schemas.lot import LotKey, LotKeySchema
from schemas.packing import PACKING_STEPS, Packing

#: For each step: what `from` and `to` name (a unit, a site, or nothing), contract §4.
STEPS: dict[str, tuple[str | None, str | None]] = {
    "commissioning": (None, "unit"),
    "shipping": ("unit", "site"),
    "receiving": ("site", "unit"),
    "storing": ("unit", "unit"),
    "returning": ("unit", "site"),
    "wasting": ("unit", None),
    "destroying": ("unit", None),
    "sampling": ("unit", None),
    "counting": ("unit", None),
    "packing": ("unit", None),
    "unpacking": ("unit", None),
}
_MADE = ("made_on", "expires_on", "release")
_OF_CORRECTION = ("corrects", "corrected_at", "void")
_NOT_OF_PACKING = ("lot", "doses", "carrier", "reason", "witnesses", *_OF_CORRECTION)
MAX_DOSES = 10**12
#: What stands on no pack of vaccine is a slip of the hand, or a machine's word for nothing.
_DAYS = (date(1990, 1, 1), date(2199, 12, 31))
#: How far the calendar of the place furthest east is ahead of UTC.
_FURTHEST_EAST = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Movement:
    """One step of a lot as a site reported it; `source` and `target` are codes."""

    id: str
    at: datetime
    step: str
    lot: LotKey
    doses: int
    packs: tuple[str, ...] = ()
    source: str | None = None
    target: str | None = None
    carrier: str | None = None
    document: str | None = None
    operator: str | None = None
    reason: str | None = None
    witnesses: tuple[str, ...] = ()
    made_on: date | None = None
    expires_on: date | None = None
    release: str | None = None
    corrects: str | None = None
    corrected_at: datetime | None = None
    void: bool | None = None

    @property
    def reporting_unit(self) -> tuple[str, str | None]:
        """The field and the code of the unit whose site reports the step (contract §4)."""
        arrives = self.step in ("commissioning", "receiving")
        return ("to", self.target) if arrives else ("from", self.source)


class MovementSchema(Document):
    """A movement of contract §4; each step asks for its own fields."""

    id = Code(required=True)
    at = Moment(required=True)
    step = Choice(*STEPS, required=True)
    lot = fields.Nested(LotKeySchema)
    doses = Whole(0, MAX_DOSES)
    parent = Text(128)
    packs = fields.List(Text(128), load_default=())
    source = Code(data_key="from")
    target = Code(data_key="to")
    carrier = Code()
    document = Code()
    operator = Text(128)
    reason = Text(512)
    witnesses = fields.List(Text(128), load_default=())
    made_on = Day(*_DAYS)
    expires_on = Day(*_DAYS)
    release = Text(64)
    corrects = Code()
    corrected_at = Moment()
    void = Flag()

    @validates_schema
    def check_step(self, data: dict[str, Any], **_: Any) -> None:
        step = data["step"]
        errors = _errors_of_places(data) | _errors_of_kind(data) | _errors_of_days(data)
        if step not in PACKING_STEPS:
            errors |= errors_of_correction(data)
        if step != "commissioning":
            errors |= {
                name: [f"Expected no such field for {step}."] for name in _MADE if name in data
            }
        if step == "destroying" and len({plain_spelling(one) for one in data["witnesses"]}) != 2:
            errors["witnesses"] = ["Expected the names of two different witnesses."]
        if step in ("wasting", "destroying", "sampling") and "reason" not in data:
            errors["reason"] = [f"Expected a reason for {step}, got nothing."]
        if step != "counting" and data.get("doses") == 0 and not data.get("void"):
            errors["doses"] = [f"Expected at least one dose for {step}, got 0."]
        if errors:
            raise ValidationError(errors)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Movement | Packing:
        data["packs"] = tuple(data["packs"])
        witnesses = tuple(data.pop("witnesses"))
        if data["step"] in PACKING_STEPS:
            return Packing(**data)
        data["void"] = data.get("void") or None
        return Movement(**data, witnesses=witnesses)


def _errors_of_places(data: dict[str, Any]) -> dict[str, list[str]]:
    """What is missing or too much of `from` and `to`."""
    step = data["step"]
    errors: dict[str, list[str]] = {}
    for name, key, wanted in zip(("from", "to"), ("source", "target"), STEPS[step], strict=True):
        if wanted and key not in data:
            errors[name] = [f"Expected the code of a {wanted} for {step}, got nothing."]
        elif not wanted and key in data:
            errors[name] = [f"Expected no such field for {step}, got {data[key]}."]
    return errors


def _errors_of_kind(data: dict[str, Any]) -> dict[str, list[str]]:
    """What is missing or too much by whether a step moves doses or packs what is in what."""
    step = data["step"]
    is_packing = step in PACKING_STEPS
    errors = {
        name: ["Expected this field, got nothing."]
        for name in (("parent",) if is_packing else ("lot", "doses"))
        if name not in data
    }
    for name in _NOT_OF_PACKING if is_packing else ("parent",):
        if data.get(name) not in (None, [], ()):
            errors[name] = [f"Expected no such field for {step}."]
    if step == "packing" and not data["packs"]:
        errors["packs"] = ["Expected at least one pack for packing, got none."]
    return errors


def _errors_of_days(data: dict[str, Any]) -> dict[str, list[str]]:
    """Days that contradict each other: often day and month changed places."""
    made_on, expires_on = data.get("made_on"), data.get("expires_on")
    errors: dict[str, list[str]] = {}
    if made_on and made_on > (data["at"] + _FURTHEST_EAST).date():
        errors["made_on"] = [f"Expected a day not after at, got {made_on}."]
    if made_on and expires_on and expires_on < made_on:
        errors["expires_on"] = [f"Expected a day not before made_on {made_on}, got {expires_on}."]
    return errors
