"""The e-mails that a recall owes: to whoever holds the lot, and again to whoever stays silent.

Whom it concerns follows from the record as it stands. So a movement or a dose that is heard of
late brings its site an e-mail, and one that was taken back brings it no further one. Whoever
becomes a contact while it lasts is told then, and whoever was told hears when it is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.capture.outbox import Owed, owe, withdraw
from traceapp.capture.recall_end import owe_end, recalls_untold
from traceapp.models.contact import Contact
from traceapp.models.division import division_chain
from traceapp.models.hold import HoldRelease
from traceapp.models.outbox import RECALL, REMINDER, Outbox, OutboxSite
from traceapp.models.recall import Recall
from traceapp.models.site import Site
from traceapp.rows import among
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
    owing = [one.id for one in lasting if any(_owed(session, one, rhythm, now))]
    return [*owing, *session.scalars(recalls_untold())]


def owe_recall(session: Session, recall_id: int, rhythm: Rhythm, now: datetime) -> int:
    """Owe what one recall owes at a moment; of two who do so at once one finds nothing left."""
    session.execute(
        select(Recall.hold_id).where(Recall.hold_id == recall_id).with_for_update(key_share=True)
    )
    campaign = find_campaign(session, recall_id)
    if campaign is None:
        return 0
    if campaign.until is not None:
        return owe_end(session, campaign, now)
    mails = list(_owed(session, campaign, rhythm, now))
    return sum(owe(session, owed, sites, now) for owed, sites in mails)


def end_recall(session: Session, recall_id: int, now: datetime) -> None:
    """Give up the e-mails about a recall that is over, and owe those that say so."""
    for kind in (RECALL, REMINDER):
        withdraw(session, kind, recall_id, now)
    if (campaign := find_campaign(session, recall_id)) is not None:
        owe_end(session, campaign, now)


def _owed(session: Session, campaign: Campaign, rhythm: Rhythm, now: datetime) -> Iterator[_Mail]:
    yield from _news(session, campaign)
    yield from _reminders(session, campaign, rhythm, now)


def _news(session: Session, campaign: Campaign) -> Iterator[_Mail]:
    """To the contacts of each site, and of the divisions above, whom no e-mail told of it yet."""
    fresh = session.execute(
        select(Site.id, Site.division_code)
        .where(campaign.concerns(), Site.id.not_in(campaign.told()))
        .order_by(Site.id)
    ).all()
    known, told = _told(session, campaign)
    inside: dict[str, set[int]] = {}
    for site_id, division in (*fresh, *known.items()):
        for above in division_chain(division):
            inside.setdefault(above, set()).add(site_id)
    languages: dict[str, str] = {}
    meant: dict[str, set[int]] = {}
    for email, language, division in _contacts(session, inside):
        if missing := inside[division] - told.get(email, set()):
            languages[email] = language
            meant.setdefault(email, set()).update(missing)
    again = {site for sites in meant.values() for site in sites} & known.keys()
    if again:  # Somebody came later, or is a contact of one division more: what does it concern?
        still = session.scalars(
            select(Site.id).where(campaign.concerns(), among(session, Site.id, sorted(again)))
        )
        gone = again - set(still)
        meant = {email: sites - gone for email, sites in meant.items() if sites - gone}
    nth = _counts(session, campaign, RECALL) if meant else {}
    for email, sites in meant.items():
        yield Owed(RECALL, campaign.id, email, languages[email], nth.get(email, 0)), sites


def _told(session: Session, campaign: Campaign) -> tuple[dict[int, str], dict[str, set[int]]]:
    """The sites that e-mails told of, with their divisions; and of which each address was told."""
    rows = session.execute(
        select(Outbox.email, Site.id, Site.division_code)
        .join(OutboxSite, OutboxSite.outbox_id == Outbox.id)
        .join(Site, Site.id == OutboxSite.site_id)
        .where(campaign.is_mailed())
    )
    sites: dict[int, str] = {}
    told: dict[str, set[int]] = {}
    for email, site_id, division in rows:
        sites[site_id] = division
        told.setdefault(email, set()).add(site_id)
    return sites, told


def _contacts(session: Session, divisions: Iterable[str]) -> list[tuple[str, str, str]]:
    wanted = sorted(divisions)
    if not wanted:
        return []
    rows = session.execute(
        select(Contact.email, Contact.language, Contact.division_code)
        .where(among(session, Contact.division_code, wanted))
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
