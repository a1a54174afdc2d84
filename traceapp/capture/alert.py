"""Alerts: a row for each e-mail that an excursion owes, written with the excursion."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.models.contact import Contact
from traceapp.models.division import division_chain
from traceapp.models.excursion import Excursion
from traceapp.models.outbox import WITHDRAWN, Outbox
from traceapp.models.site import Site
from traceapp.models.unit import Unit


def address(session: Session, excursion: Excursion, now: datetime) -> None:
    """Owe one e-mail to each contact of the unit's division and above who hears this level."""
    division = session.scalar(
        select(Site.division_code)
        .join(Unit, Unit.site_id == Site.id)
        .where(Unit.id == excursion.unit_id)
    )
    levels = ("alarm", "notice") if excursion.level == "alarm" else ("notice",)
    contacts = session.scalars(
        select(Contact)
        .where(Contact.division_code.in_(division_chain(division or "")), Contact.level.in_(levels))
        .order_by(Contact.division_code.desc(), Contact.id)
    )
    for email, language in {contact.email: contact.language for contact in contacts}.items():
        row = {
            "excursion_id": excursion.id,
            "email": email,
            "language": language,
            "due_at": now,
            "attempts": 0,
        }
        session.execute(insert(session, Outbox).values(row).on_conflict_do_nothing())


def withdraw_alerts(session: Session, excursion: Excursion, now: datetime) -> None:
    """Give up e-mails that nobody has in hand yet: what they would say is no longer true."""
    session.execute(
        update(Outbox)
        .where(
            Outbox.excursion_id == excursion.id,
            Outbox.sent_at.is_(None),
            Outbox.claimed_until.is_(None),
        )
        .values(given_up_at=now, last_error=WITHDRAWN)
    )
