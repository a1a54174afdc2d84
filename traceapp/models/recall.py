"""Recalls of lots, and which sites said that they know."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from traceapp.models.base import Base


class Recall(Base):
    """That a hold is a recall: what is left goes back, and those who received it are found.

    `urgency` is the class: 1 may harm gravely, 2 may harm for a time, 3 hardly harms.
    """

    __tablename__ = "recall"

    hold_id: Mapped[int] = mapped_column(ForeignKey("hold.id"), primary_key=True)
    urgency: Mapped[int]


class RecallAcknowledgement(Base):
    """That a site knows of a recall: a fact, said once."""

    __tablename__ = "recall_acknowledgement"

    recall_id: Mapped[int] = mapped_column(ForeignKey("recall.hold_id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True, index=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
