"""How far a recall has come: derived from movements and doses, as the record stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, distinct, func, select
from sqlalchemy.orm import Session, aliased

from traceapp.models.dose import Dose
from traceapp.models.hold import Hold
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.recall import RecallAcknowledgement
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.ledger import Posting, balance
from traceapp.trace.hold import Held, hold_document, holds_of_lot, settle, touches
from traceapp.trace.lot import load_postings, lot_document
from traceapp.trace.scope import Scope

COUNTS = ("held", "in_transit", "returned", "destroyed", "given", "given_after")
_PEOPLE = ("recipients", "revaccinated")


@dataclass(slots=True)
class Stock:
    """Doses of one site: what it held and awaited when the recall began, and what became of it."""

    held: int = 0
    in_transit: int = 0
    returned: int = 0
    destroyed: int = 0


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
    found = find_recall(session, scope, recall_id)
    if found is None:
        return None
    lot, held = found
    stock = stock_by_site(session, lot.id, held.hold.at)
    doses = _doses_by_site(session, lot, held.hold.at)
    sites = session.scalars(
        select(Site)
        .where(Site.id.in_({*stock, *doses}), scope.sites(), held.scope.sites())
        .order_by(Site.division_code, Site.code)
    ).all()
    told = _acknowledged(session, recall_id)
    rows = [
        _row(site, stock.get(site.id, Stock()), doses.get(site.id, {}), told.get(site.id))
        for site in sites
    ]
    total = _total(rows, _people(session, lot, held.hold.at, [site.id for site in sites]))
    return {
        "lot": lot_document(session, lot),
        "recall": hold_document(session, held, settle(session, scope)),
        "at": now,
        "total": total,
        "sites": rows,
    }


def stock_by_site(session: Session, lot_id: int, at: datetime) -> dict[int, Stock]:
    """What each site held and awaited at a moment, and what left it afterwards."""
    site_of = dict(session.execute(select(Unit.id, Unit.site_id)).all())
    postings = load_postings(session, lot_id)
    stock: dict[int, Stock] = {}
    receivers = dict(
        session.execute(
            select(Movement.id, Movement.to_site_id).where(
                Movement.lot_id == lot_id, Movement.to_site_id.is_not(None)
            )
        ).all()
    )
    for account, doses in balance(one for one in postings if one.at <= at).items():
        if doses > 0 and account.unit is not None:
            stock.setdefault(site_of[account.unit], Stock()).held += doses
        elif doses > 0 and account.shipment is not None:
            receiver = receivers.get(account.shipment)
            if receiver is not None:
                stock.setdefault(receiver, Stock()).in_transit += doses
    _follow((one for one in postings if one.at > at), site_of, stock)
    return stock


def _follow(postings: Iterable[Posting], site_of: dict[int, int], stock: dict[int, Stock]) -> None:
    for posting in postings:
        if posting.credit.unit is None:
            continue
        site = stock.setdefault(site_of[posting.credit.unit], Stock())
        if posting.debit.kind in ("destroyed", "wasted"):
            site.destroyed += posting.doses
        elif posting.fact.step == "returning":
            site.returned += posting.doses


def _doses_by_site(session: Session, lot: Lot, at: datetime) -> dict[int, dict[str, int]]:
    later = case((Dose.at > at, 1), else_=0)
    rows = session.execute(
        select(Dose.site_id, func.count() - func.sum(later), func.sum(later), *_counted(lot, at))
        .where(Dose.lot_id == lot.id)
        .group_by(Dose.site_id)
    )
    names = ("given", "given_after", *_PEOPLE)
    return {
        row[0]: dict(zip(names, (int(value) for value in row[1:]), strict=True)) for row in rows
    }


def _people(session: Session, lot: Lot, at: datetime, sites: list[int]) -> dict[str, int]:
    row = session.execute(
        select(*_counted(lot, at)).where(Dose.lot_id == lot.id, Dose.site_id.in_(sites))
    ).one()
    return dict(zip(_PEOPLE, (int(value) for value in row), strict=True))


def _counted(lot: Lot, at: datetime) -> tuple[Any, Any]:
    """People who received the lot; and those who had the product from another lot afterwards."""
    again, of_lot = aliased(Dose), aliased(Lot)
    revaccinated = (
        select(again.id)
        .join(of_lot, of_lot.id == again.lot_id)
        .where(
            again.recipient_id == Dose.recipient_id,
            again.at > at,
            again.at > Dose.at,
            of_lot.gtin == lot.gtin,
            of_lot.id != lot.id,
        )
        .exists()
    )
    people = func.count(distinct(Dose.recipient_id))
    return people, func.count(distinct(case((revaccinated, Dose.recipient_id))))


def _acknowledged(session: Session, recall_id: int) -> dict[int, datetime]:
    query = select(RecallAcknowledgement.site_id, RecallAcknowledgement.at)
    rows = session.execute(query.where(RecallAcknowledgement.recall_id == recall_id))
    return dict(rows.all())


def _row(
    site: Site, stock: Stock, doses: dict[str, int], told_at: datetime | None
) -> dict[str, Any]:
    had, left = stock.held + stock.in_transit, stock.returned + stock.destroyed
    people = {name: doses.get(name, 0) for name in ("given", "given_after", *_PEOPLE)}
    return {
        "site": site.code,
        "division": site.division_code,
        "acknowledged_at": told_at,
        "held": stock.held,
        "in_transit": stock.in_transit,
        "returned": stock.returned,
        "destroyed": stock.destroyed,
        "settled_percent": _percent(min(had, left), had),
        **people,
        "revaccinated_percent": _percent(people["revaccinated"], people["recipients"]),
    }


def _total(rows: list[dict[str, Any]], people: dict[str, int]) -> dict[str, Any]:
    had = [row["held"] + row["in_transit"] for row in rows]
    left = [
        min(own, row["returned"] + row["destroyed"]) for own, row in zip(had, rows, strict=True)
    ]
    told = sum(row["acknowledged_at"] is not None for row in rows)
    return {
        "sites": len(rows),
        "acknowledged": told,
        "acknowledged_percent": _percent(told, len(rows)),
        **{name: sum(row[name] for row in rows) for name in COUNTS},
        "settled_percent": _percent(sum(left), sum(had)),
        **people,
        "revaccinated_percent": _percent(people["revaccinated"], people["recipients"]),
    }


def _percent(part: int, whole: int) -> float | None:
    """A part in percent with one decimal, rounded down: 100 is all of it."""
    return None if whole == 0 else part * 1000 // whole / 10
