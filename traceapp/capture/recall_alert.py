"""The e-mails that a recall owes: to whoever holds the lot, and again to whoever stays silent.

Whom it concerns follows from the record as it stands. So a movement or a dose that is heard of
late brings its site an e-mail, and one that was taken back brings it no further one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.capture.outbox import Owed, owe, withdraw
from traceapp.models.contact import Contact
from traceapp.models.division import division_chain
from traceapp.models.hold import HoldRelease
from traceapp.models.outbox import RECALL, REMINDER, Outbox, OutboxSite
from traceapp.models.recall import Recall
from traceapp.models.site import Site
from traceapp.watch.recall import Campaign, campaigns, find_campaign

_Mail = tuple[Owed, set[int]]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When silence is followed by a reminder: after the first e-mail, and after each reminder."""

    first: timedelta = timedelta(hours=24)
    then: timedelta = timedelta(hours=24)


def recalls_that_owe(session: Session, rhythm: Rhythm, now: datetime) -> list[int]:
    """The recalls that have come to owe something since somebody last looked; keeps nobody out."""
    lasting = campaigns(session, HoldRelease.hold_id.is_(None))
    return [one.id for one in lasting if any(_owed(session, one, rhythm, now))]


def owe_recall(session: Session, recall_id: int, rhythm: Rhythm, now: datetime) -> int:
    """Owe what one recall owes at a moment; of two who do so at once one finds nothing left."""
    session.execute(
        select(Recall.hold_id).where(Recall.hold_id == recall_id).with_for_update(key_share=True)
    )
    campaign = find_campaign(session, recall_id)
    if campaign is None or campaign.until is not None:
        return 0
    mails = list(_owed(session, campaign, rhythm, now))
    return sum(owe(session, owed, sites, now) for owed, sites in mails)


def withdraw_recall(session: Session, recall_id: int, now: datetime) -> None:
    """Give up the e-mails about a recall that is over."""
    for kind in (RECALL, REMINDER):
        withdraw(session, kind, recall_id, now)


def _owed(session: Session, campaign: Campaign, rhythm: Rhythm, now: datetime) -> Iterator[_Mail]:
    yield from _news(session, campaign)
    yield from _reminders(session, campaign, rhythm, now)


def _news(session: Session, campaign: Campaign) -> Iterator[_Mail]:
    """To the contacts of each site of which no e-mail tells yet, and to those above it."""
    sites = session.execute(
        select(Site.id, Site.division_code)
        .where(campaign.concerns(), Site.id.not_in(campaign.told()))
        .order_by(Site.id)
    ).all()
    languages: dict[str, str] = {}
    meant: dict[str, set[int]] = {}
    for email, language, division in _contacts(session, {site.division_code for site in sites}):
        languages[email] = language
        inside = {site.id for site in sites if division in division_chain(site.division_code)}
        meant.setdefault(email, set()).update(inside)
    nth = _counts(session, campaign, RECALL) if meant else {}
    for email, inside in meant.items():
        owed = Owed(RECALL, campaign.id, email, languages[email], nth.get(email, 0))
        yield owed, inside


def _contacts(session: Session, divisions: Iterable[str]) -> list[tuple[str, str, str]]:
    above = {code for division in divisions for code in division_chain(division)}
    if not above:
        return []
    rows = session.execute(
        select(Contact.email, Contact.language, Contact.division_code)
        .where(Contact.division_code.in_(above))
        .order_by(Contact.division_code.desc(), Contact.id)
    )
    return [(row.email, row.language, row.division_code) for row in rows]


def _counts(session: Session, campaign: Campaign, kind: str) -> dict[str, int]:
    rows = session.execute(
        select(Outbox.email, func.count())
        .where(campaign.is_mailed(), Outbox.kind == kind)
        .group_by(Outbox.email)
    )
    return dict(rows.all())


def _reminders(
    session: Session, campaign: Campaign, rhythm: Rhythm, now: datetime
) -> Iterator[_Mail]:
    """To whom the newest e-mail went long enough ago, while a site that it told of is silent."""
    newest = (
        select(func.max(Outbox.id).label("id"))
        .where(campaign.is_mailed())
        .group_by(Outbox.email)
        .subquery()
    )
    left = session.execute(
        select(Outbox.email, Outbox.language, Outbox.kind, Outbox.sent_at)
        .join(newest, newest.c.id == Outbox.id)
        .where(Outbox.sent_at.is_not(None))
        .order_by(Outbox.id)
    )
    wait = {RECALL: rhythm.first, REMINDER: rhythm.then}
    due = {row.email: row.language for row in left if row.sent_at + wait[row.kind] <= now}
    if not due:
        return
    silent, nth = _silent(session, campaign), _counts(session, campaign, REMINDER)
    for email, language in due.items():
        if email in silent:
            owed = Owed(REMINDER, campaign.id, email, language, nth.get(email, 0))
            yield owed, silent[email]


def _silent(session: Session, campaign: Campaign) -> dict[str, set[int]]:
    """Of which sites each address was told that have not answered, and that it still concerns."""
    rows = session.execute(
        select(Outbox.email, OutboxSite.site_id)
        .join(OutboxSite, OutboxSite.outbox_id == Outbox.id)
        .join(Site, Site.id == OutboxSite.site_id)
        .where(campaign.is_mailed(), Outbox.kind == RECALL)
        .where(campaign.concerns(), Site.id.not_in(campaign.answered()))
    )
    silent: dict[str, set[int]] = {}
    for email, site_id in rows:
        silent.setdefault(email, set()).add(site_id)
    return silent
