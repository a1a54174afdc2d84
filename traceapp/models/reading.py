"""Temperature readings, known by sensor and moment."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Double, PrimaryKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Reading(Base):
    """What a sensor measured at a moment; never altered, smoothed, offset or deleted.

    PostgreSQL keeps each month in a table of its own (`capture/month.py`). Wide columns stand
    first, so that none is padded, and the key carries the temperature: a curve is then read from
    the index alone, for the rows of one sensor lie scattered among everybody's. `sensor_id` is no
    foreign key: checking it row by row costs a third of an insert, sensors are never deleted, and
    the number always comes from our own look-up.
    """

    __tablename__ = "reading"
    __table_args__ = (
        PrimaryKeyConstraint("sensor_id", "at", postgresql_include=["celsius"]),
        {"postgresql_partition_by": "RANGE (at)", "sqlite_with_rowid": False},
    )

    at: Mapped[datetime]
    celsius: Mapped[float] = mapped_column(Double)
    received_at: Mapped[datetime]
    sensor_id: Mapped[int]
    is_implausible: Mapped[bool] = mapped_column(default=False)
    power: Mapped[bool | None]
    door_open: Mapped[bool | None]
    humidity: Mapped[float | None] = mapped_column(Double)
    battery: Mapped[float | None] = mapped_column(Double)
    battery_volts: Mapped[float | None] = mapped_column(Double)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    boot: Mapped[str | None] = mapped_column(String(64))
