"""The exposure of a product in a unit over a stretch, from the unit's summed days and readings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from traceapp.models.product import Product
from traceapp.rules.exposure import Exposure, Limits, Segment, expose
from traceapp.rules.hour import Told
from traceapp.trace.life import Lives
from traceapp.trace.past import Key, Past, name_of
from traceapp.watch.limit import limits_of_product


def limits_of(session: Session, gtin: str) -> Limits:
    """What a product can bear; 2-8 °C and sensitive to frost where nobody registered it."""
    return limits_of_product(session.get(Product, gtin))


class Climate:
    """What units were like, read once for each stretch."""

    def __init__(self, session: Session) -> None:
        self._past = Past(session)
        self._lives = Lives(session, self._past)
        self._exposures: dict[tuple[Any, ...], Exposure] = {}

    def look(
        self, stretches: Iterable[tuple[int | None, datetime, datetime]], limits: Limits
    ) -> None:
        """Read several stretches at once: unit, from, until; asking for each costs more."""
        keys = [
            (unit_id, from_at, until_at)
            for unit_id, from_at, until_at in stretches
            if unit_id is not None and from_at < until_at
        ]
        self._past.know({unit_id for unit_id, _, _ in keys})
        wanted = []
        for over, left in map(self._past.parts, keys):
            wanted += [left] if left is not None else []
            if over is not None and self._past.remembered(over, limits) is None:
                wanted.append(over)
        self._lives.read(wanted, limits)

    def exposure(
        self, unit_id: int | None, from_at: datetime, until_at: datetime, limits: Limits
    ) -> Exposure:
        """What a product lived through in a unit during [from_at, until_at).

        Without a unit (a journey in no known carrier) all of it is unknown.
        """
        if until_at <= from_at:
            return expose([], limits)
        if unit_id is None:
            return expose([Segment(from_at, until_at, None, None)], limits)
        key = unit_id, from_at, until_at
        named = name_of(key, limits)
        if named not in self._exposures:
            self._exposures[named] = self._together(key, limits)
        return self._exposures[named]

    def _together(self, key: Key, limits: Limits) -> Exposure:
        """What is over and what is not; the former as it is remembered, or else to be."""
        self._past.know({key[0]})
        over, left = self._past.parts(key)
        if over is None:
            return self._expose(key, limits)
        exposure = self._past.remembered(over, limits)
        if exposure is None:
            exposure = self._expose(over, limits)
            if self._lives.of(over).doubts:  # What a sensor says tomorrow may belong to it.
                return self._expose(key, limits)
            self._past.keep(over, limits, exposure)
        return exposure if left is None else exposure + self._expose(left, limits)

    def _expose(self, key: Key, limits: Limits) -> Exposure:
        """Days as they are where their sums tell; hours of the others, and readings."""
        self._lives.read([key], limits)
        life = self._lives.of(key)
        told = Told(limits, life.shares)
        crossing = [day for day, sums in life.days if not told.takes(sums)]
        hours, segments = self._lives.hours_of(key[0], crossing)
        doubtful = [hour for hour in [*life.hours, *hours] if not told.takes(hour[1])]
        for sums in self._lives.read_again(key[0], doubtful, limits):
            told.add(sums)
        return expose([*life.segments, *segments], limits) + told.exposure()


def exposure_document(exposure: Exposure, limits: Limits) -> dict[str, Any]:
    """The `exposure` of the contract; minutes and °C."""
    return {
        "observed_minutes": exposure.observed_minutes,
        "unknown_minutes": exposure.unknown_minutes,
        "minutes_above": exposure.minutes_above,
        "minutes_below": exposure.minutes_below,
        "degree_minutes_above": exposure.degree_minutes_above,
        "min_celsius": exposure.min_celsius,
        "max_celsius": exposure.max_celsius,
        "mean_kinetic_celsius": exposure.mean_kinetic_celsius,
        "vvm_life_used": exposure.vvm_used,
        "frozen": exposure.is_frozen,
        "budget_used": exposure.budget_used(limits),
    }
