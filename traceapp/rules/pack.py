"""The way of one pack: used more often than it has doses, and in two places at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

_LEAVES = ("shipping", "returning")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A movement that named a pack, or a dose out of it, and at which site that was.

    `rank` orders what happened at one moment. `source` is the site that a receipt says it came
    from, `target` the one that a shipment goes to.
    """

    key: int
    code: str
    at: datetime
    rank: int
    step: str
    site: int
    source: int | None = None
    target: int | None = None

    @property
    def is_dose(self) -> bool:
        return self.step == "dose"

    @property
    def place_in_time(self) -> tuple[datetime, int, str]:
        """What orders sightings, never the order of their arrival."""
        return self.at, self.rank, self.code


class Departure(NamedTuple):
    """A shipment of the lot that named no packs: any pack of it may have gone with it."""

    site: int
    at: datetime


class Fault(NamedTuple):
    """What cannot be: a code of trace/finding.py, the sighting, and the numbers that show it."""

    finding: str
    sighting: Sighting
    detail: dict[str, int]


def judge_pack(
    sightings: Iterable[Sighting],
    doses_per_pack: int | None,
    departures: Collection[Departure] = (),
) -> list[Fault]:
    """What cannot be of one pack, each said of the later sighting; it is then believed.

    Without `doses_per_pack` nobody can say how often it may be used.
    """
    faults: list[Fault] = []
    last: Sighting | None = None
    used = 0
    for sighting in sorted(sightings, key=lambda one: one.place_in_time):
        if sighting.is_dose:
            used += 1
            if doses_per_pack is not None and used > doses_per_pack:
                detail = {"used": used, "doses": doses_per_pack}
                faults.append(Fault("pack_used_up", sighting, detail))
        if last is not None and not _can_be(sighting, last, departures):
            faults.append(Fault("pack_in_two_places", sighting, {}))
        last = sighting
    return faults


def _can_be(sighting: Sighting, last: Sighting, departures: Collection[Departure]) -> bool:
    """Whether a pack that was last seen there can be seen here; a missing report is none of ours.

    Who receives it from where it was, or has it where it was sent, only lacks a movement.
    """
    where = last.target if last.step in _LEAVES and last.target is not None else last.site
    came_from_there = sighting.step == "receiving" and sighting.source == where
    if sighting.site == where or came_from_there:
        return True
    return any(one.site == where and last.at <= one.at <= sighting.at for one in departures)
