"""The exposure of a product in a unit over a stretch, from the unit's readings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.product import Product
from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment, Sensor
from traceapp.rules.exposure import Exposure, Heard, Limits, Segment, expose, timeline
from traceapp.rules.judging import Pace


def limits_of(session: Session, gtin: str) -> Limits:
    """What a product can bear; 2-8 °C and sensitive to frost where nobody registered it."""
    product = session.get(Product, gtin)
    if product is None:
        return Limits()
    budget = {
        float(name.removeprefix("above_").removesuffix("_minutes")): float(minutes)
        for name, minutes in (product.budget or {}).items()
    }
    return Limits(
        product.min_celsius,
        product.max_celsius,
        product.is_freeze_sensitive,
        product.vvm,
        budget,
    )


class Climate:
    """What units were like, read once for each stretch."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._segments: dict[tuple[int, datetime, datetime], list[Segment]] = {}

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
        if key not in self._segments:
            heard = _heard(self._session, unit_id, from_at, until_at)
            self._segments[key] = timeline(heard, from_at, until_at)
        return expose(self._segments[key], limits)


def _heard(
    session: Session, unit_id: int, from_at: datetime, until_at: datetime
) -> Iterable[Heard]:
    attachments = session.execute(
        select(Sensor, Attachment)
        .join(Attachment, Attachment.sensor_id == Sensor.id)
        .where(
            Attachment.unit_id == unit_id,
            or_(Attachment.from_at.is_(None), Attachment.from_at < until_at),
            or_(Attachment.until_at.is_(None), Attachment.until_at > from_at),
        )
    ).all()
    for sensor, attachment in attachments:
        start = max(from_at, attachment.from_at or from_at)
        end = min(until_at, attachment.until_at or until_at)
        pace = Pace.of(sensor.interval_s, sensor.silence_s)
        yield Heard(pace, _samples(session, sensor.id, attachment, start, end))


def _samples(
    session: Session, sensor_id: int, attachment: Attachment, start: datetime, end: datetime
) -> list[Any]:
    """The usable readings in [start, end), the one before and the one after."""
    usable = select(
        Reading.at, Reading.celsius, Reading.power, Reading.door_open, Reading.is_implausible
    ).where(Reading.sensor_id == sensor_id, ~Reading.is_implausible)
    if attachment.from_at is not None:
        usable = usable.where(Reading.at >= attachment.from_at)
    before = usable.where(Reading.at < start).order_by(Reading.at.desc()).limit(1)
    during = usable.where(Reading.at >= start, Reading.at < end).order_by(Reading.at)
    after = usable.where(Reading.at >= end).order_by(Reading.at).limit(1)

    def rows(query: Any) -> list[Any]:
        return list(session.execute(query).all())

    is_ending = attachment.until_at is not None and attachment.until_at <= end
    return rows(before) + rows(during) + ([] if is_ending else rows(after))


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
        "vvm_life_used": exposure.vvm_life_used,
        "frozen": exposure.is_frozen,
        "budget_used": exposure.budget_used(limits),
    }
