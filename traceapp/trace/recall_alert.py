"""Everything that an e-mail about a recall says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from traceapp.models.division import Division
from traceapp.models.hold import Hold, HoldRelease
from traceapp.models.lot import Lot
from traceapp.models.outbox import RECALL_OVER, REMINDER, OutboxSite
from traceapp.models.product import Product
from traceapp.models.recall import Recall
from traceapp.models.site import Site
from traceapp.models.stock import Stock
from traceapp.watch.recall import find_campaign


@dataclass(frozen=True, slots=True)
class ToldSite:
    """A site that is to answer, and how many doses of the lot it holds now."""

    code: str
    name: str
    name_en: str | None
    doses: int


@dataclass(frozen=True, slots=True)
class End:
    """When a recall was over, and why."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class RecallFacts:
    """What is recalled, why, how gravely, where, since when; and who is to answer.

    `nth` counts the e-mails of a kind to one address from 0; `end` once it is over. Nothing in it
    is personal.
    """

    recall_id: int
    nth: int
    is_reminder: bool
    gtin: str
    number: str
    product: str | None
    product_en: str | None
    expires_on: date | None
    urgency: int
    reason: str
    at: datetime
    where: str | None
    where_en: str | None
    sites: tuple[ToldSite, ...]
    end: End | None = None


def recall_facts(
    session: Session, recall_id: int, mail_id: int, kind: str, nth: int = 0
) -> RecallFacts | None:
    """The facts for one e-mail as the record stands; None where it is not owed any more.

    That is once the recall is over, but for the e-mail that says so, or for a reminder once every
    site that it names has answered.
    """
    campaign, is_reminder = find_campaign(session, recall_id), kind == REMINDER
    if campaign is None or (campaign.until is not None) != (kind == RECALL_OVER):
        return None
    told = (
        select(Site, func.coalesce(func.sum(Stock.doses), 0))
        .join(OutboxSite, OutboxSite.site_id == Site.id)
        .outerjoin(Stock, and_(Stock.site_id == Site.id, Stock.lot_id == campaign.lot_id))
        .where(OutboxSite.outbox_id == mail_id)
        .group_by(Site.id)
        .order_by(Site.division_code, Site.code)
    )
    if is_reminder:
        told = told.where(Site.id.not_in(campaign.answered()))
    sites = [
        ToldSite(site.code, site.name, site.name_en, int(doses))
        for site, doses in session.execute(told)
    ]
    if is_reminder and not sites:
        return None
    hold, lot = session.get_one(Hold, recall_id), session.get_one(Lot, campaign.lot_id)
    product = session.get(Product, lot.gtin)
    where, where_en = _where(session, hold)
    return RecallFacts(
        recall_id=recall_id,
        nth=nth,
        is_reminder=is_reminder,
        gtin=lot.gtin,
        number=lot.number,
        product=product.name if product else None,
        product_en=product.name_en if product else None,
        expires_on=lot.expires_on,
        urgency=session.get_one(Recall, recall_id).urgency,
        reason=hold.reason,
        at=hold.at,
        where=where,
        where_en=where_en,
        sites=tuple(sites),
        end=_end(session, recall_id),
    )


def _end(session: Session, recall_id: int) -> End | None:
    release = session.get(HoldRelease, recall_id)
    return End(release.at, release.reason) if release is not None else None


def _where(session: Session, hold: Hold) -> tuple[str | None, str | None]:
    """The name of the site or the division in which a recall holds; None for the country."""
    named: Site | Division | None = session.get(Division, hold.division_code)
    if hold.site_code is not None:
        named = session.scalar(select(Site).where(Site.code == hold.site_code))
    if named is not None:
        return named.name, named.name_en
    code = hold.division_code or None
    return code, code
