"""What an ingester must not rely on any more."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Forgotten(Base):
    """A sensor that somebody else wrote of while the holder of a partition remembered it.

    The holder looks here first in every transaction, and looks that sensor up again.
    """

    __tablename__ = "forgotten"

    partition_id: Mapped[int] = mapped_column(ForeignKey("partition.id"), primary_key=True)
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensor.id"), primary_key=True)
