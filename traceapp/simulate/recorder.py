"""The data logger in a unit: which minutes it records, and what a record says on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from traceapp.simulate.physics import Sample

USUAL_RANGE_CELSIUS = (2.0, 8.0)
MINUTES_BETWEEN_RECORDS_OUTSIDE = 2
"""Out of range at most two minutes lie between two records (GSP, appendix 3)."""


@dataclass(frozen=True)
class Reading:
    """One record of a sensor, at the resolution of the sensor."""

    at: datetime
    celsius: float
    battery: int
    power: bool | None
    door_open: bool
    seq: int

    def document(self) -> dict[str, object]:
        """The reading as contract §4 writes it."""
        written: dict[str, object] = {
            "at": self.at.isoformat(),
            "celsius": self.celsius,
            "battery": self.battery,
            "door_open": self.door_open,
            "seq": self.seq,
        }
        if self.power is not None:
            written["power"] = self.power
        return written


def recorded(
    samples: Iterable[Sample], interval_s: int, phase_minutes: int, runs_on_mains: bool
) -> Iterator[Reading]:
    """Records at each interval, at each move of the door, and every two minutes out of range.

    The return into the range is recorded as soon as those two minutes have passed.
    """
    minutes = interval_s // 60
    low, high = USUAL_RANGE_CELSIUS
    was_open, was_outside, last_minute, seq = False, False, -minutes, 0
    for minute, sample in enumerate(samples):
        celsius = round(sample.celsius, 1) + 0.0
        is_outside = not low <= celsius <= high
        is_due = minute % minutes == phase_minutes % minutes
        is_due |= sample.is_door_open != was_open
        is_alert = is_outside or was_outside
        is_due |= is_alert and minute - last_minute >= MINUTES_BETWEEN_RECORDS_OUTSIDE
        if not is_due:
            continue
        was_open, was_outside = sample.is_door_open, is_outside
        last_minute, seq = minute, seq + 1
        battery = max(5, 98 - seq // 400)
        power = sample.is_cooled if runs_on_mains else None
        yield Reading(sample.at, celsius, battery, power, sample.is_door_open, seq)
