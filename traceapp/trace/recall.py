"""How far a recall has come: derived from movements, doses and e-mails, as the record stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from traceapp.models.hold import Hold
from traceapp.models.lot import Lot
from traceapp.models.outbox import REMINDER, Outbox, OutboxSite
from traceapp.models.recall import RecallAcknowledgement
from traceapp.models.site import Site
from traceapp.trace.hold import Held, hold_document, holds_of_lot, settle, touches
from traceapp.trace.lot import lot_document
from traceapp.trace.recall_people import NOBODY, PEOPLE, count_people
from traceapp.trace.recall_stock import RecalledStock, stock_by_site
from traceapp.trace.scope import Scope
from traceapp.watch.recall import Campaign, find_campaign

_NOT_TOLD: tuple[datetime | None, int] = (None, 0)
STOCK = ("held", "in_transit", "returned", "destroyed", "wasted", "on_hand")


def find_recall(session: Session, scope: Scope, recall_id: int) -> tuple[Lot, Held] | None:
    """A recall that has a say in the scope, with its lot."""
    hold = session.get(Hold, recall_id)
    if hold is None:
        return None
    settled = settle(session, scope)
    for held in holds_of_lot(session, hold.lot_id):
        if held.hold.id == recall_id and held.recall is not None and touches(held, settled):
            return session.get_one(Lot, hold.lot_id), held
    return None


def recall_report(
    session: Session, scope: Scope, recall_id: int, now: datetime
) -> dict[str, Any] | None:
    """The recall and its sites in scope; None where it has no say there."""
    found, campaign = find_recall(session, scope, recall_id), find_campaign(session, recall_id)
    if found is None or campaign is None:
        return None
    lot, held = found
    is_meant = and_(campaign.concerns(), scope.sites())
    rows, total = _rows(session, lot, campaign, is_meant)
    return {
        "lot": lot_document(session, lot),
        "recall": hold_document(session, held, settle(session, scope)),
        "at": now,
        "total": total,
        "sites": rows,
    }


def _rows(
    session: Session, lot: Lot, campaign: Campaign, is_meant: Any
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    sites = session.scalars(
        select(Site).where(is_meant).order_by(Site.division_code, Site.code)
    ).all()
    inside = [site.id for site in sites]
    stock = stock_by_site(session, campaign, inside)
    people, everybody = count_people(session, lot, campaign.at, inside)
    notified, answered = _notified(session, campaign), _answered(session, campaign.id)
    stocks = [stock[site.id] for site in sites]
    rows = [
        {
            "site": site.code,
            "division": site.division_code,
            "notified_at": notified.get(site.id, _NOT_TOLD)[0],
            "reminders": notified.get(site.id, _NOT_TOLD)[1],
            "acknowledged_at": answered.get(site.id),
            **_progress([own], people.get(site.id, NOBODY)),
        }
        for site, own in zip(sites, stocks, strict=True)
    ]
    told = {
        name: sum(row[f"{name}_at"] is not None for row in rows)
        for name in ("notified", "acknowledged")
    }
    total = {
        "sites": len(rows),
        **told,
        **{f"{name}_percent": _percent(count, len(rows)) for name, count in told.items()},
        **_progress(stocks, everybody),
    }
    return rows, total


def _progress(stocks: list[RecalledStock], people: dict[str, int]) -> dict[str, Any]:
    settled, had = sum(one.settled for one in stocks), sum(one.had for one in stocks)
    return {
        **{name: sum(getattr(one, name) for one in stocks) for name in STOCK},
        "settled_percent": _percent(settled, had),
        **{name: people[name] for name in PEOPLE},
        "revaccinated_percent": _percent(people["revaccinated"], people["recipients"]),
    }


def _notified(session: Session, campaign: Campaign) -> dict[int, tuple[datetime | None, int]]:
    """Since when an e-mail about the recall has left that tells of a site; how many reminders."""
    reminders = func.sum(case((Outbox.kind == REMINDER, 1), else_=0))
    rows = session.execute(
        select(OutboxSite.site_id, func.min(Outbox.sent_at), reminders)
        .join(Outbox, Outbox.id == OutboxSite.outbox_id)
        .where(campaign.is_mailed(), Outbox.sent_at.is_not(None))
        .group_by(OutboxSite.site_id)
    )
    return {site_id: (first, int(count)) for site_id, first, count in rows}


def _answered(session: Session, recall_id: int) -> dict[int, datetime]:
    query = select(RecallAcknowledgement.site_id, RecallAcknowledgement.at)
    rows = session.execute(query.where(RecallAcknowledgement.recall_id == recall_id))
    return dict(rows.all())


def _percent(part: int, whole: int) -> float | None:
    """A part in percent with one decimal, rounded down: 100 is all of it."""
    return None if whole == 0 else part * 1000 // whole / 10
