"""The way of one pack: used more often than it has doses, and in two places at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from traceapp.rules.ledger import LEAVING


@dataclass(frozen=True, slots=True)
class Sighting:
    """A movement that named a pack, or a dose out of it, and at which site that was.

    `rank` orders what happened at one moment. `source` is the site that a receipt says it came
    from, `target` the one that a shipment goes to, `lot` what the pack was said to be of.
    """

    key: int
    code: str
    at: datetime
    rank: int
    step: str
    site: int
    source: int | None = None
    target: int | None = None
    lot: int | None = None

    @property
    def is_dose(self) -> bool:
        return self.step == "dose"

    @property
    def place_in_time(self) -> tuple[datetime, int, str]:
        """What orders sightings, never the order of their arrival."""
        return self.at, self.rank, self.code


class Left(NamedTuple):
    """Where a pack was seen last before it was somewhere else, when, and of which lot it was."""

    site: int
    at: datetime
    lot: int | None

    def is_explained(self, until: datetime, departures: Sequence[datetime]) -> bool:
        """Whether a shipment may have taken the pack along.

        `departures` are, in order, those of the lot from there that named no packs.
        """
        next_one = bisect_left(departures, self.at)
        return next_one < len(departures) and departures[next_one] <= until


class Fault(NamedTuple):
    """What cannot be: a code of trace/finding.py, the sighting, and the numbers that show it.

    `left` where a pack is in two places: a shipment that named no packs may explain it.
    """

    finding: str
    sighting: Sighting
    detail: dict[str, int]
    left: Left | None = None


def judge_pack(sightings: Iterable[Sighting], doses_per_pack: int | None) -> list[Fault]:
    """What cannot be of one pack, each said of the later sighting; it is then believed.

    Without `doses_per_pack` nobody can say how often it may be used.
    """
    faults: list[Fault] = []
    last: Sighting | None = None
    lot: int | None = None
    used = 0
    for sighting in sorted(sightings, key=lambda one: one.place_in_time):
        if sighting.is_dose:
            used += 1
            if doses_per_pack is not None and used > doses_per_pack:
                detail = {"used": used, "doses": doses_per_pack}
                faults.append(Fault("pack_used_up", sighting, detail))
        if last is not None and not _can_be(sighting, last):
            left = Left(_where(last), last.at, lot or sighting.lot)
            faults.append(Fault("pack_in_two_places", sighting, {}, left))
        last, lot = sighting, sighting.lot or lot
    return faults


def _where(last: Sighting) -> int:
    """Where a pack is to be after that sighting: there, or where it was sent."""
    return last.target if last.step in LEAVING and last.target is not None else last.site


def _can_be(sighting: Sighting, last: Sighting) -> bool:
    """Whether a pack that was last seen there can be seen here; a missing report is none of ours.

    Who receives it from where it was, or has it where it was sent, only lacks a movement.
    """
    where = _where(last)
    return sighting.site == where or (sighting.step == "receiving" and sighting.source == where)
