"""Runs of single sensors and the excursions of units that they add up to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey
from traceapp.rules.profile import HEALTH


class Run(Base):
    """A stretch in which one sensor was outside one rule: [started_at, ended_at).

    `unknown` lists the stretches [from, until) in microseconds that nobody measured, and
    `stretches` those that a cumulative rule has added up.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("ix__run__sensor_id_started_at", "sensor_id", "started_at"),
        Index("ix__run__unit_id_rule_started_at", "unit_id", "rule", "started_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    rule: Mapped[str] = mapped_column(String(32))
    profile: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    triggered_at: Mapped[datetime | None]
    peak_celsius: Mapped[float | None] = mapped_column(Double)
    unknown: Mapped[list[list[int]]] = mapped_column(JSON, default=list)
    stretches: Mapped[list[list[int]]] = mapped_column(JSON, default=list)
    outside_since: Mapped[datetime | None]


class Excursion(Base):
    """An episode of a unit under a rule: the union of the runs of its sensors."""

    __tablename__ = "excursion"
    __table_args__ = (
        Index("ix__excursion__unit_id_started_at", "unit_id", "started_at"),
        Index("ix__excursion__started_at", "started_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    rule: Mapped[str] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(8))
    side: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12))
    started_at: Mapped[datetime]
    triggered_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    heard_at: Mapped[datetime]
    peak_celsius: Mapped[float | None] = mapped_column(Double)
    limit_celsius: Mapped[float | None] = mapped_column(Double)
    unknown_minutes: Mapped[float] = mapped_column(Double, default=0.0)
    spent_minutes: Mapped[float | None] = mapped_column(Double)
    revision: Mapped[int] = mapped_column(default=1)
    is_late: Mapped[bool] = mapped_column(default=False)
    found_at: Mapped[datetime]

    @property
    def minutes(self) -> float:
        """How long it lasted, or has been seen to last; what a cumulative rule added up."""
        if self.spent_minutes is not None:
            return self.spent_minutes
        return ((self.ended_at or self.heard_at) - self.started_at) / timedelta(minutes=1)


#: What tells an episode that may have harmed vaccine from one of a sensor's health.
ABOUT_VACCINE = Excursion.side.not_in(HEALTH)


class ExcursionRevision(Base):
    """What had been said of an excursion before later readings changed it."""

    __tablename__ = "excursion_revision"

    excursion_id: Mapped[int] = mapped_column(ForeignKey("excursion.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    revised_at: Mapped[datetime]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
