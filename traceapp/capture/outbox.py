"""Owing e-mails: a row each, written in the transaction of what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert as plain_insert
from sqlalchemy import update
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.models.outbox import WITHDRAWN, Outbox, OutboxSite, is_about


@dataclass(frozen=True, slots=True)
class Owed:
    """An e-mail to an address, in its language, about something: the `nth` of its kind."""

    kind: str
    about_id: int
    email: str
    language: str
    nth: int = 0


def owe(session: Session, owed: Owed, site_ids: Iterable[int], now: datetime) -> bool:
    """Owe an e-mail that tells of these sites; one that is owed already is not owed again."""
    row = {
        "kind": owed.kind,
        "about_id": owed.about_id,
        "nth": owed.nth,
        "email": owed.email,
        "language": owed.language,
        "owed_at": now,
        "due_at": now,
        "attempts": 0,
    }
    added = insert(session, Outbox).values(row).on_conflict_do_nothing().returning(Outbox.id)
    outbox_id = session.scalar(added)
    if outbox_id is None:
        return False
    links = [{"outbox_id": outbox_id, "site_id": site_id} for site_id in sorted(site_ids)]
    session.execute(plain_insert(OutboxSite), links)
    return True


def withdraw(session: Session, kind: str, about_id: int, now: datetime) -> None:
    """Give up e-mails that nobody has in hand yet: what they would say is no longer true."""
    session.execute(
        update(Outbox)
        .where(is_about(kind, about_id), Outbox.sent_at.is_(None), Outbox.claimed_until.is_(None))
        .values(given_up_at=now, last_error=WITHDRAWN)
    )
