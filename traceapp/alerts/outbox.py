"""The outbox: claim e-mails with a lease, send them, then mark them.

A crash anywhere repeats an e-mail and never forgets one: what was claimed and not marked is
claimed again when the lease is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from traceapp.models.outbox import Outbox, is_failed, is_waiting

#: After a crash what was in hand waits for so long. Whoever lives renews it in time.
LEASE = timedelta(minutes=2)
_FIRST_DELAY = timedelta(seconds=15)
_LONGEST_DELAY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Claim:
    """An e-mail that this sender has in hand until `until`."""

    id: int
    kind: str
    about_id: int
    nth: int
    email: str
    language: str
    attempts: int
    until: datetime


def count_waiting(session: Session) -> int:
    """How many e-mails have not left and were not given up."""
    waiting = select(func.count()).select_from(Outbox).where(is_waiting())
    return session.scalar(waiting) or 0


def is_due(session: Session, now: datetime) -> bool:
    """Whether there is an e-mail to claim."""
    return session.scalar(select(Outbox.id).where(_is_claimable(now)).limit(1)) is not None


def claim(session: Session, now: datetime, most: int = 1, again: int | None = None) -> list[Claim]:
    """Take up to `most` e-mails that are due; nobody else can until their lease is over.

    Those that were never tried come first, the one that has been due longest before the others;
    of those that were tried before, at most `again` are taken (any number when None).
    """
    rows = _take(session, now, Outbox.attempts == 0, most)
    left = most - len(rows)
    rows += _take(session, now, Outbox.attempts > 0, left if again is None else min(left, again))
    for row in rows:
        row.claimed_until = now + LEASE
        row.attempts += 1
    until = now + LEASE
    return [
        Claim(r.id, r.kind, r.about_id, r.nth, r.email, r.language, r.attempts, until) for r in rows
    ]


def _take(
    session: Session, now: datetime, is_meant: ColumnElement[bool], most: int
) -> list[Outbox]:
    if most <= 0:
        return []
    query = (
        select(Outbox)
        .where(_is_claimable(now), is_meant)
        .order_by(Outbox.due_at, Outbox.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def renew(session: Session, claimed: Claim, now: datetime) -> Claim:
    """Keep an e-mail in hand for another lease; one that somebody took over stays theirs."""
    until = now + LEASE
    session.execute(update(Outbox).where(_is_held(claimed)).values(claimed_until=until))
    return replace(claimed, until=until)


def mark_sent(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Note that the server took e-mails, whoever has them in hand by now."""
    session.execute(
        update(Outbox)
        .where(Outbox.id.in_([claimed.id for claimed in claims]), Outbox.sent_at.is_(None))
        .values(sent_at=now, claimed_until=None, last_error=None, given_up_at=None)
    )


def put_back(session: Session, claimed: Claim, said: str, now: datetime) -> None:
    """Note what went wrong and try again later, each time waiting twice as long."""
    session.execute(
        update(Outbox)
        .where(_is_held(claimed))
        .values(claimed_until=None, due_at=now + delay_after(claimed.attempts), last_error=said)
    )


def give_up(session: Session, claimed: Claim, said: str, now: datetime) -> None:
    """Note that the e-mail cannot leave; it stays visible with the reason."""
    session.execute(
        update(Outbox)
        .where(_is_held(claimed))
        .values(claimed_until=None, given_up_at=now, last_error=said)
    )


def take_up_again(session: Session, now: datetime) -> int:
    """Owe once more what the server refused for good; returns how many e-mails that are."""
    taken = session.execute(
        update(Outbox)
        .where(is_failed())
        .values(given_up_at=None, due_at=now, attempts=0)
        .returning(Outbox.id)
    )
    return len(taken.all())


def delay_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 15 s, 30 s, 1 min … 10 min."""
    doubled: int = 2 ** min(attempts - 1, 10)
    return min(_FIRST_DELAY * doubled, _LONGEST_DELAY)


def _is_claimable(now: datetime) -> ColumnElement[bool]:
    is_free = or_(Outbox.claimed_until.is_(None), Outbox.claimed_until <= now)
    return and_(is_waiting(), Outbox.due_at <= now, is_free)


def _is_held(claimed: Claim) -> ColumnElement[bool]:
    return and_(
        Outbox.id == claimed.id,
        Outbox.claimed_until == claimed.until,
        Outbox.sent_at.is_(None),
    )
