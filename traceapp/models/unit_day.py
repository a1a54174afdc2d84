"""What a day did to whatever lay in a unit: sums that are read instead of the day's readings."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Double, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base

#: The bits of `stale_hours`: one for each hour, and one where sensors or their pace changed.
ALL_HOURS = (1 << 24) - 1
OTHER_SENSORS = 1 << 24
#: What a row bears that was never summed.
NEVER_SUMMED = ALL_HOURS | OTHER_SENSORS
_TOTALS = ["stale_hours", "observed_us", "min_celsius", "max_celsius"]
_TOTALS += ["degree_minutes", "kinetic_sum", "vvm2_minutes", "vvm_minutes"]


class UnitDay(Base):
    """A unit's day (UTC): totals, and in `hours` the same of each hour (`rules/hour.py`).

    Derived from readings, and only of days that ended a while ago. The totals hold for
    `stale_hours` = 0; otherwise each bit set is an hour that is to be summed again. `detail` has
    the single temperatures of hours that cross a product's limit. The key carries the totals, so
    that a year of a unit is read from a few pages of the index.
    """

    __tablename__ = "unit_day"
    __table_args__ = (
        PrimaryKeyConstraint("unit_id", "measured_on", postgresql_include=_TOTALS),
        {"sqlite_with_rowid": False},
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    measured_on: Mapped[date]
    stale_hours: Mapped[int] = mapped_column(default=NEVER_SUMMED)
    observed_us: Mapped[int] = mapped_column(BigInteger, default=0)
    min_celsius: Mapped[float | None] = mapped_column(Double)
    max_celsius: Mapped[float | None] = mapped_column(Double)
    degree_minutes: Mapped[float] = mapped_column(Double, default=0.0)
    kinetic_sum: Mapped[float] = mapped_column(Double, default=0.0)
    vvm2_minutes: Mapped[float] = mapped_column(Double, default=0.0)
    vvm_minutes: Mapped[float] = mapped_column(Double, default=0.0)
    hours: Mapped[bytes | None] = mapped_column(LargeBinary)
    detail: Mapped[bytes | None] = mapped_column(LargeBinary)


Index(
    "ix__unit_day__stale",
    UnitDay.unit_id,
    UnitDay.measured_on,
    postgresql_where=UnitDay.stale_hours != 0,
    sqlite_where=UnitDay.stale_hours != 0,
)


class UnitPast(Base):
    """How often the past of a unit changed, before the days that are not listed yet.

    A process that remembers what a stretch did to a product asks here whether it still holds.
    """

    __tablename__ = "unit_past"

    unit_id: Mapped[int] = mapped_column(
        ForeignKey("unit.id"), primary_key=True, autoincrement=False
    )
    changes: Mapped[int] = mapped_column(BigInteger)


class Summing(Base):
    """How far the days have come: one row.

    Whoever stores a reading of a day before `until_on` marks that day. `listed_unit_id` is the
    last unit of which the day before `until_on` is in the table, missing once all are. `fence` is
    a number of a transaction of PostgreSQL: nothing is summed before all older ones are over.
    """

    __tablename__ = "summing"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until_on: Mapped[date]
    listed_unit_id: Mapped[int | None]
    fence: Mapped[int | None] = mapped_column(BigInteger)
