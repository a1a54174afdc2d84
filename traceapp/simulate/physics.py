"""How cold equipment warms and cools, minute by minute, the same for the same seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from traceapp.rules.calendar import CHINA

MINUTE = timedelta(minutes=1)
SENSOR_NOISE_CELSIUS = 0.01
PROBE_LAG_MINUTES = 3.0
DOOR_SPIKE_FADES_MINUTES = 6.0
WORKING_HOURS = range(8, 17)


@dataclass(frozen=True)
class Plant:
    """What kind of equipment it is: how fast it leaks heat, how hard it cools, who opens it."""

    time_constant_minutes: float
    """Without cooling, the distance to ambient shrinks to 37 % in this time."""
    cooling_celsius_per_minute: float
    on_above_celsius: float
    off_below_celsius: float
    door_openings_per_day: float
    door_spike_celsius_per_minute: float
    ambient_offset_celsius: float
    """Warmer or colder around it than in a room: a vehicle stands in the sun."""
    runs_on_mains: bool


REFRIGERATOR = Plant(360, 0.14, 5.8, 3.8, 6, 0.30, 0.0, True)
COLD_ROOM = Plant(1500, 0.06, 4.8, 3.6, 10, 0.08, 0.0, True)
VEHICLE = Plant(150, 0.35, 5.6, 3.9, 0, 0.0, 5.0, False)
COLD_BOX = Plant(480, 0.10, 4.6, 3.9, 4, 0.25, 2.0, False)
"""The ice packs of a cold box cool it as a compressor would, until an outage melts them."""


@dataclass(frozen=True)
class Outage:
    """A time in [starts_at, ends_at) without cooling: a power cut, a breakdown, melted ice."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, at: datetime) -> bool:
        """Whether there is no cooling at this moment."""
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class Sample:
    """What a probe would show at one minute, unrounded."""

    at: datetime
    celsius: float
    is_cooled: bool
    is_door_open: bool


def ambient_celsius(at: datetime, warmth: float = 0.0) -> float:
    """Air around the equipment in °C: coldest before dawn, warmest at 15:00 China time."""
    local = at.astimezone(CHINA)
    hours = local.hour + local.minute / 60
    return 24.0 + warmth + 4.0 * math.cos((hours - 15.0) / 24.0 * 2 * math.pi)


class Equipment:
    """One unit whose temperature moves on by a minute at a time."""

    def __init__(self, plant: Plant, start: datetime, seed: str, outages: Sequence[Outage]) -> None:
        """Begin somewhere inside the hysteresis, at a whole minute."""
        self.plant = plant
        self.at = start.replace(second=0, microsecond=0)
        self.outages = tuple(outages)
        self.random = random.Random(seed)  # noqa: S311 - physics, not cryptography
        self.inside = self.random.uniform(plant.off_below_celsius, plant.on_above_celsius)
        self.probe = self.inside
        self.spike = 0.0
        self.is_cooling = self.random.random() < 0.5
        self.warmth = self.random.uniform(-1.5, 1.5)
        self.door_minutes_left = 0

    def step(self) -> Sample:
        """Answer this minute's sample and move on by one minute."""
        has_cooling = not any(outage.covers(self.at) for outage in self.outages)
        self._open_and_close_door(has_cooling)
        self._exchange_heat(has_cooling)
        noise = self.random.gauss(0.0, SENSOR_NOISE_CELSIUS)
        sample = Sample(self.at, self.probe + noise, has_cooling, self.door_minutes_left > 0)
        self.at += MINUTE
        return sample

    def _open_and_close_door(self, has_cooling: bool) -> None:
        chance = self.plant.door_openings_per_day / (len(WORKING_HOURS) * 60)
        is_opened, minutes = self.random.random() < chance, self.random.randint(1, 3)
        if self.door_minutes_left:
            self.door_minutes_left -= 1
        elif is_opened and has_cooling and self.at.astimezone(CHINA).hour in WORKING_HOURS:
            self.door_minutes_left = minutes

    def _exchange_heat(self, has_cooling: bool) -> None:
        plant = self.plant
        around = ambient_celsius(self.at, self.warmth) + plant.ambient_offset_celsius
        self.inside += (around - self.inside) / plant.time_constant_minutes
        if self.inside >= plant.on_above_celsius:
            self.is_cooling = True
        elif self.inside <= plant.off_below_celsius:
            self.is_cooling = False
        if self.is_cooling and has_cooling:
            self.inside -= plant.cooling_celsius_per_minute
        self.spike *= 1 - 1 / DOOR_SPIKE_FADES_MINUTES
        if self.door_minutes_left:
            self.spike += plant.door_spike_celsius_per_minute
        self.probe += (self.inside + self.spike - self.probe) / PROBE_LAG_MINUTES


def samples(
    plant: Plant, start: datetime, seed: str, outages: Sequence[Outage] = ()
) -> Iterator[Sample]:
    """One sample a minute from `start` on, without end."""
    equipment = Equipment(plant, start, seed, outages)
    while True:
        yield equipment.step()
