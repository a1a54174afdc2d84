"""Temperature readings on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from marshmallow import fields, post_load

from schemas.document import Document
from schemas.fields import Code, Flag, Moment, Number, Text, Whole

#: A probe that shows less or more than this is broken (contract §4), in °C.
PLAUSIBLE_CELSIUS = (-110.0, 80.0)
MAX_READINGS = 1_000


class Reading(NamedTuple):
    """What a sensor measured at a moment (UTC); optional values are None where not sent."""

    at: datetime
    celsius: float
    power: bool | None = None
    door_open: bool | None = None
    humidity: float | None = None
    battery: float | None = None
    battery_volts: float | None = None
    seq: int | None = None
    boot: str | None = None

    @property
    def is_implausible(self) -> bool:
        return not PLAUSIBLE_CELSIUS[0] <= self.celsius <= PLAUSIBLE_CELSIUS[1]


class ReadingSchema(Document):
    """`{"at": …, "celsius": 4.2}` and what a sensor may add to it (contract §4)."""

    at = Moment(required=True)
    celsius = Number(required=True)
    power = Flag()
    door_open = Flag()
    humidity = Number(0, 100)
    battery = Number(0, 100)
    battery_volts = Number(0, 1_000)
    seq = Whole()
    boot = Text(64)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Reading:
        return Reading(**data)


class ReadingsSchema(Document):
    """The body of `POST /readings`: a sensor and its readings."""

    sensor = Code(required=True)
    readings = fields.List(fields.Raw(), required=True)
