"""Alerts: the e-mails that an excursion owes, written with the excursion."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.outbox import Owed, owe, withdraw
from traceapp.models.contact import Contact
from traceapp.models.division import division_chain
from traceapp.models.excursion import Excursion
from traceapp.models.outbox import EXCURSION
from traceapp.models.site import Site
from traceapp.models.unit import Unit


def address(session: Session, excursion: Excursion, now: datetime) -> None:
    """Owe one e-mail to each contact of the unit's division and above who hears this level."""
    site_id, division = session.execute(
        select(Site.id, Site.division_code)
        .join(Unit, Unit.site_id == Site.id)
        .where(Unit.id == excursion.unit_id)
    ).one()
    levels = ("alarm", "notice") if excursion.level == "alarm" else ("notice",)
    contacts = session.scalars(
        select(Contact)
        .where(Contact.division_code.in_(division_chain(division)), Contact.level.in_(levels))
        .order_by(Contact.division_code.desc(), Contact.id)
    )
    for email, language in {contact.email: contact.language for contact in contacts}.items():
        owe(session, Owed(EXCURSION, excursion.id, email, language), [site_id], now)


def withdraw_alerts(session: Session, excursion: Excursion, now: datetime) -> None:
    """Give up the e-mails about an episode that later readings took back."""
    withdraw(session, EXCURSION, excursion.id, now)
