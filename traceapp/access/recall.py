"""Recalling a lot, and saying that a site knows: in whose name, and written down."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from schemas.hold import Order
from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.access.hold import find_lot, said_of
from traceapp.capture.hold import place_hold
from traceapp.capture.recall import acknowledge, mark_recall
from traceapp.capture.recall_alert import Rhythm, owe_recall
from traceapp.doors import doors
from traceapp.models.site import Site
from traceapp.problem import Problem, not_found
from traceapp.trace.hold import hold_document, holds_of_lot, settle
from traceapp.trace.recall import find_recall


def recall_lot(gtin: str, number: str, order: Order) -> tuple[dict[str, Any], bool]:
    """Recall a lot everywhere in the visitor's scope; returns it and whether it is new."""
    parts, who, now = doors(), visitor(), doors().clock()
    said, urgency = said_of(order, now), order.urgency or 1
    with parts.database.begin() as session:
        lot, scope = find_lot(session, gtin, number), settle(session, who.scope)
        hold, is_new = place_hold(session, lot.id, scope.division, scope.site, said, urgency)
        if is_new:
            mark_recall(session, hold, urgency)
            owe_recall(session, hold.id, Rhythm(), now)
            detail = {"recall": hold.id, "class": urgency, "reason": said.reason}
            audit(session, who.name, "recall lot", f"{gtin}/{number}", now, detail)
        [held] = [one for one in holds_of_lot(session, lot.id) if one.hold.id == hold.id]
        return hold_document(session, held, scope), is_new


def acknowledge_recall(recall_id: int, code: str | None) -> tuple[dict[str, Any], bool]:
    """Note that a site in the visitor's scope knows of a recall; returns when it was first said."""
    parts, who, now = doors(), visitor(), doors().clock()
    code = code or who.scope.site
    if code is None:
        raise Problem(422, "Expected a site.", {"site": ["Expected a site, got nothing."]})
    with parts.database.begin() as session:
        found = find_recall(session, who.scope, recall_id)
        if found is None:
            raise not_found("recall", str(recall_id))
        lot, held = found
        within = who.scope.sites(), held.scope.sites()
        site = session.scalar(select(Site).where(Site.code == code, *within))
        if site is None:
            raise not_found("site", code)
        at, is_new = acknowledge(session, recall_id, site.id, who.name, now)
        if is_new:
            about, detail = f"{lot.gtin}/{lot.number}", {"recall": recall_id, "site": code}
            audit(session, who.name, "acknowledge recall", about, now, detail)
        return {"site": code, "at": at}, is_new
