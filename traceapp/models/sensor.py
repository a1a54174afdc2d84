"""Temperature sensors and the units that they stood in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Sensor(Base):
    """A probe; `is_registered` is false for one that was heard before anybody named it.

    `remembered_by` is the partition whose holder knows its newest reading by heart: whoever else
    writes readings or runs of it must tell that holder (`watch.memory`).
    """

    __tablename__ = "sensor"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    interval_s: Mapped[int] = mapped_column(default=600)
    silence_s: Mapped[int | None]
    is_registered: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str | None] = mapped_column(String(8))
    status_at: Mapped[datetime | None]
    remembered_by: Mapped[int | None] = mapped_column(ForeignKey("partition.id"))


class Attachment(Base):
    """Which unit a sensor measured from when until when: [from_at, until_at).

    A missing `from_at` means since ever, a missing `until_at` means still.
    """

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    from_at: Mapped[datetime | None]
    until_at: Mapped[datetime | None]
