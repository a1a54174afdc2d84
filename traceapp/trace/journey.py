"""Journeys without a temperature record, and those whose record has gaps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, case, literal_column, or_, select
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.excursion import Excursion
from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment
from traceapp.models.stay import Stay


def is_unrecorded(session: Session) -> ColumnElement[bool]:
    """The condition that a stay is a journey that is over, and of which no temperature is known.

    None of the carrier's sensors had a usable reading from half an hour before it left until it
    arrived: a reading holds until the next one.
    """
    read = _read_during(_shortly_before(session), Stay.until_at)
    return Stay.shipment_id.is_not(None) & Stay.until_at.is_not(None) & ~read.exists()


def has_gap(session: Session) -> ColumnElement[bool]:
    """The condition that a stay is a journey that is over, and part of which nobody measured.

    The carrier was silent on the way for longer than it may be, and none of its sensors was heard
    then; a journey of which nothing at all is known is none of these.
    """
    began = case((Excursion.started_at > Stay.from_at, Excursion.started_at), else_=Stay.from_at)
    is_over = Excursion.ended_at < Stay.until_at
    ended = case((is_over, Excursion.ended_at), else_=Stay.until_at)
    silence = (
        select(Excursion.id)
        .where(
            Excursion.unit_id == Stay.unit_id,
            Excursion.side == "silence",
            Excursion.state != "withdrawn",
            Excursion.started_at < Stay.until_at,
            or_(Excursion.ended_at.is_(None), Excursion.ended_at > Stay.from_at),
            _lasts(began, ended),
            ~_read_during(began, ended).correlate(Stay, Excursion).exists(),
        )
        .correlate(Stay)
    )
    is_journey = Stay.shipment_id.is_not(None) & Stay.until_at.is_not(None)
    read = _read_during(_shortly_before(session), Stay.until_at)
    return is_journey & silence.exists() & read.exists()


def _lasts(began: Any, ended: Any) -> ColumnElement[bool]:
    """That it is as long as a silence may be before it is one."""
    limit: ColumnElement[Any] = literal_column("(excursion.triggered_at - excursion.started_at)")
    length: ColumnElement[Any] = ended.op("-")(began)
    return length.op(">=", is_comparison=True)(limit)


def _read_during(began: Any, ended: Any) -> Select[Any]:
    """The usable readings of the stay's unit during [began, ended)."""
    read = select(Reading.sensor_id).join(Attachment, Attachment.sensor_id == Reading.sensor_id)
    return read.where(
        Attachment.unit_id == Stay.unit_id,
        or_(Attachment.from_at.is_(None), Attachment.from_at <= Reading.at),
        or_(Attachment.until_at.is_(None), Attachment.until_at > Reading.at),
        Reading.at >= began,
        Reading.at < ended,
        ~Reading.is_implausible,
    )


def _shortly_before(session: Session) -> ColumnElement[Any]:
    if is_postgresql(session):
        return literal_column("(stay.from_at - INTERVAL '30 minutes')")
    return literal_column("(stay.from_at - 1800000000)")
