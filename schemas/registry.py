"""The registry's documents (contract §3): one JSON object a noun, told apart by `kind`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from schemas.document import Document
from schemas.fields import Choice, Code, Digits, Flag, Moment, Number, Text, Whole
from schemas.profile import ProfileSchema

SITE_TYPES = ("manufacturer", "distributor", "cdc", "clinic", "station")
#: A budget's name holds its limit in whole °C: above_8_minutes.
_BUDGET = re.compile(r"above_-?[0-9]{1,3}_minutes")
UNIT_TYPES = ("cold_room", "refrigerator", "freezer", "ult_freezer", "cold_box", "vehicle")


class DivisionSchema(Document):
    """An administrative division, GB/T 2260."""

    code = Digits(6, required=True)
    name = Text(128, required=True)
    name_en = Text(128)


class SiteSchema(Document):
    """A place that holds vaccine."""

    code = Code(required=True)
    name = Text(128, required=True)
    name_en = Text(128)
    type = Choice(*SITE_TYPES, required=True)
    division = Digits(6, required=True)
    lat = Number(-90, 90)
    lon = Number(-180, 180)


class UnitSchema(Document):
    """A storage unit; `profile_from` says since when the profile holds (default: now)."""

    code = Code(required=True)
    site = Code(required=True)
    name = Text(128, required=True)
    name_en = Text(128)
    type = Choice(*UNIT_TYPES, required=True)
    profile = Code(load_default="cn-fridge")
    profile_from = Moment()


class SensorSchema(Document):
    """A probe; `attached_from` says since when it stands in the unit (default: now)."""

    code = Code(required=True)
    unit = Code(required=True)
    interval_s = Whole(1, 86_400, load_default=600)
    silence_s = Whole(1, 30 * 86_400)
    attached_from = Moment()


class StorageSchema(Document):
    """Between which temperatures a product is kept, °C."""

    min_celsius = Number(-110, 80, required=True)
    max_celsius = Number(-110, 80, required=True)

    @validates_schema
    def check_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["min_celsius"] >= data["max_celsius"]:
            raise ValidationError({"min_celsius": ["Expected less than max_celsius."]})


class ProductSchema(Document):
    """A vaccine product."""

    gtin = Digits(14, required=True)
    name = Text(256, required=True)
    name_en = Text(256)
    manufacturer = Text(256)
    doses_per_pack = Whole(1, 1_000, load_default=1)
    storage = fields.Nested(StorageSchema)
    freeze_sensitive = Flag(load_default=True)
    vvm = Choice("VVM2", "VVM7", "VVM14", "VVM30", allow_none=True)
    budget = fields.Dict(keys=fields.String(), values=Number(1, 1e9), allow_none=True)

    @validates_schema
    def check_budget(self, data: dict[str, Any], **_: Any) -> None:
        for name in data.get("budget") or {}:
            if not _BUDGET.fullmatch(name):
                raise ValidationError({"budget": [f"Expected above_N_minutes, got {name}."]})


class ContactSchema(Document):
    """Who is told: `alarm` hears alarms, `notice` hears both."""

    email = fields.Email(required=True)
    name = Text(128)
    division = Digits(6, required=True)
    language = Choice("zh", "en", load_default="zh")
    level = Choice("alarm", "notice", load_default="alarm")


#: Registry kinds in the order in which they can be loaded.
KINDS: dict[str, type[Document]] = {
    "division": DivisionSchema,
    "site": SiteSchema,
    "profile": ProfileSchema,
    "unit": UnitSchema,
    "sensor": SensorSchema,
    "product": ProductSchema,
    "contact": ContactSchema,
}
