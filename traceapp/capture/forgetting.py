"""Forgetting people once the law lets their records go; the doses stay.

疫苗管理法 46: kept for at least five years after the lot has expired.
个人信息保护法 47: deleted when that time is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, CursorResult, delete, distinct, func, or_, select, update
from sqlalchemy.orm import Session

from traceapp.models.adverse_event import AdverseEvent
from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot
from traceapp.rules.calendar import CHINA

KEPT_YEARS = 5


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many people and doses; `last` is the last row looked at, None where there was none."""

    last: int | None
    recipients: int
    doses: int


def last_day_kept(today: date, years: int) -> date:
    """Lots that expired before this day have been expired for more than so many years."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # The 29th of February.
        return today.replace(year=today.year - years, day=28)


def forget_some(session: Session, before: date, after: int, limit: int) -> Forgotten:
    """Forget at most `limit` people behind row `after` whose every lot expired before a day."""
    query = select(Recipient.id).where(~must_stay(before))
    found = session.scalars(
        query.where(Recipient.id > after)
        .order_by(Recipient.id)
        .limit(limit)
        .with_for_update(of=Recipient, skip_locked=True)
    ).all()
    if not found:
        return Forgotten(None, 0, 0)
    # Asked again now that they are held: a dose may have come between the question and the hold.
    people = session.scalars(query.where(Recipient.id.in_(found))).all()
    # What was told in words after their doses may name them.
    theirs = select(Dose.id).where(Dose.recipient_id.in_(people))
    session.execute(
        update(AdverseEvent)
        .where(AdverseEvent.dose_id.in_(theirs))
        .values(sealed=None, key_id=None)
    )
    doses = session.execute(
        update(Dose)
        .where(Dose.recipient_id.in_(people))
        .values(recipient_id=None, person_digest=None)
    )
    assert isinstance(doses, CursorResult)
    session.execute(delete(Recipient).where(Recipient.id.in_(people)))
    return Forgotten(found[-1], len(people), doses.rowcount)


def count_forgettable(session: Session, before: date) -> Forgotten:
    """How many people would be forgotten, and of how many doses."""
    query = select(func.count(distinct(Recipient.id)), func.count(Dose.id))
    query = query.select_from(Recipient).outerjoin(Dose, Dose.recipient_id == Recipient.id)
    people, doses = session.execute(query.where(~must_stay(before))).one()
    return Forgotten(None, people, doses)


def count_undated(session: Session, before: date) -> int:
    """How many people stay only because nobody knows when a lot of theirs expires."""
    query = select(func.count()).select_from(Recipient)
    return session.scalar(query.where(_is_undated(), ~_is_young(before))) or 0


def must_stay(before: date) -> ColumnElement[bool]:
    """The condition that a recipient has a dose that is to be kept.

    That is one of a lot that expired later, or of which nobody knows when, and every dose that
    was given later, however old its lot.
    """
    return or_(_is_undated(), _is_young(before))


def _is_undated() -> ColumnElement[bool]:
    return (
        select(Dose.id)
        .outerjoin(Lot, Lot.id == Dose.lot_id)
        .where(Dose.recipient_id == Recipient.id, Lot.expires_on.is_(None))
        .exists()
    )


def _is_young(before: date) -> ColumnElement[bool]:
    moment = datetime(before.year, before.month, before.day, tzinfo=CHINA)
    return (
        select(Dose.id)
        .outerjoin(Lot, Lot.id == Dose.lot_id)
        .where(
            Dose.recipient_id == Recipient.id,
            or_(Lot.expires_on >= before, Dose.at >= moment),
        )
        .exists()
    )
