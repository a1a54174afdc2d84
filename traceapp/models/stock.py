"""What lies where now, and what went through each site: derived, beside the postings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base, BigKey


class Stock(Base):
    """How much of a lot a unit of a site holds, and since when it has not been empty."""

    __tablename__ = "stock"
    __table_args__ = (
        Index("ix__stock__site_id", "site_id"),
        Index("ix__stock__unit_id", "unit_id"),
    )

    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    doses: Mapped[int] = mapped_column(BigKey)
    since: Mapped[datetime | None]


class Turnover(Base):
    """What went through a site of a lot, in doses: sums over the postings of its facts.

    A row is there for each site that reported something of the lot, or that some was sent to;
    who books a fact of both holds it. `newest_at` is the moment of the site's newest fact. What
    the site has is `made + received` less all others; `adjusted` and `unexplained` are negative
    for doses that came from there.
    """

    __tablename__ = "turnover"
    __table_args__ = (Index("ix__turnover__site_id", "site_id"),)

    lot_id: Mapped[int] = mapped_column(ForeignKey("lot.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    newest_at: Mapped[datetime | None]
    made: Mapped[int] = mapped_column(BigKey, default=0)
    received: Mapped[int] = mapped_column(BigKey, default=0)
    shipped: Mapped[int] = mapped_column(BigKey, default=0)
    administered: Mapped[int] = mapped_column(BigKey, default=0)
    wasted: Mapped[int] = mapped_column(BigKey, default=0)
    destroyed: Mapped[int] = mapped_column(BigKey, default=0)
    sampled: Mapped[int] = mapped_column(BigKey, default=0)
    adjusted: Mapped[int] = mapped_column(BigKey, default=0)
    unexplained: Mapped[int] = mapped_column(BigKey, default=0)
