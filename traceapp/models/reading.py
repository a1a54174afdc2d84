"""Temperature readings, known by sensor and moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Reading(Base):
    """What a sensor measured at a moment; never altered, smoothed, offset or deleted."""

    __tablename__ = "reading"
    __table_args__ = ({"sqlite_with_rowid": False},)

    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    celsius: Mapped[float] = mapped_column(Double)
    received_at: Mapped[datetime]
    is_implausible: Mapped[bool] = mapped_column(default=False)
    power: Mapped[bool | None]
    door_open: Mapped[bool | None]
    humidity: Mapped[float | None] = mapped_column(Double)
    battery: Mapped[float | None] = mapped_column(Double)
    battery_volts: Mapped[float | None] = mapped_column(Double)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    boot: Mapped[str | None] = mapped_column(String(64))
