"""Journeys without a temperature record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, literal_column, or_, select
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment
from traceapp.models.stay import Stay


def is_unrecorded(session: Session) -> ColumnElement[bool]:
    """The condition that a stay is a journey that is over, and of which no temperature is known.

    None of the carrier's sensors had a usable reading from half an hour before it left until it
    arrived: a reading holds until the next one.
    """
    read = select(Reading.sensor_id).join(Attachment, Attachment.sensor_id == Reading.sensor_id)
    read = read.where(
        Attachment.unit_id == Stay.unit_id,
        or_(Attachment.from_at.is_(None), Attachment.from_at <= Reading.at),
        or_(Attachment.until_at.is_(None), Attachment.until_at > Reading.at),
        Reading.at >= _shortly_before(session),
        Reading.at < Stay.until_at,
        ~Reading.is_implausible,
    )
    return Stay.shipment_id.is_not(None) & Stay.until_at.is_not(None) & ~read.exists()


def _shortly_before(session: Session) -> ColumnElement[Any]:
    if is_postgresql(session):
        return literal_column("(stay.from_at - INTERVAL '30 minutes')")
    return literal_column("(stay.from_at - 1800000000)")
