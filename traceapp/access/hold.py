"""Holding and releasing a lot: in whose name, how far, and written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from schemas.hold import Order
from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.access.reason import without_people
from traceapp.capture.hold import Said, place_hold, release_hold
from traceapp.doors import doors
from traceapp.models.lot import Lot
from traceapp.problem import Problem, not_found
from traceapp.trace.hold import (
    Held,
    contains,
    hold_document,
    holds_of_lot,
    settle,
    touches,
)
from traceapp.trace.reach import find_lot_within
from traceapp.trace.scope import Scope

#: How far a client's clock may run ahead of ours.
_AHEAD = timedelta(minutes=5)


def hold_lot(gtin: str, number: str, order: Order) -> tuple[dict[str, Any], bool]:
    """Hold a lot everywhere in the visitor's scope; returns the hold and whether it is new."""
    parts, who, now = doors(), visitor(), doors().clock()
    said = said_of(order, now)
    with parts.database.begin() as session:
        lot, scope = find_lot(session, gtin, number), settle(session, who.scope)
        hold, is_new = place_hold(session, lot.id, scope.division, scope.site, said)
        if is_new:
            detail = {"hold": hold.id, "reason": said.reason}
            audit(session, who.name, "hold lot", f"{gtin}/{number}", now, detail)
        return hold_document(session, Held(hold, None, None), scope), is_new


def release_lot(gtin: str, number: str, order: Order) -> tuple[dict[str, Any], bool]:
    """End one hold of a lot; returns it and whether this ended it."""
    parts, who, now = doors(), visitor(), doors().clock()
    said = said_of(order, now)
    with parts.database.begin() as session:
        lot, scope = find_lot(session, gtin, number), settle(session, who.scope)
        hold = _choose(holds_of_lot(session, lot.id), scope, order.hold).hold
        if said.at < hold.at:
            message = f"Expected a moment after the hold began, got {said.at.isoformat()}."
            raise Problem(422, message, {"at": [message]})
        is_new = release_hold(session, hold, said)
        if is_new:
            detail = {"hold": hold.id, "reason": said.reason}
            audit(session, who.name, "release lot", f"{gtin}/{number}", now, detail)
        [released] = [one for one in holds_of_lot(session, lot.id) if one.hold.id == hold.id]
        return hold_document(session, released, scope), is_new


def _choose(holds: list[Held], scope: Scope, hold_id: int | None) -> Held:
    """The hold that a release means: the one it names, or the only one that may be ended."""
    if hold_id is not None:
        named = [one for one in holds if one.hold.id == hold_id and touches(one, scope)]
        if not named:
            raise not_found("hold", str(hold_id))
        if not contains(scope, named[0].scope):
            raise Problem(403, "This hold was placed above your division: only there it ends.")
        return named[0]
    open_holds = [one for one in holds if one.release is None and contains(scope, one.scope)]
    if len(open_holds) == 1:
        return open_holds[0]
    if not open_holds:
        raise Problem(409, "The lot has no hold that you may end.")
    ids = ", ".join(str(one.hold.id) for one in open_holds)
    message = f"Expected which hold to end, one of {ids}."
    raise Problem(409, message, {"hold": [message]})


def said_of(order: Order, now: datetime) -> Said:
    """What the visitor says, without people in it; refuses what lies ahead."""
    at = order.at or now
    if at > now + _AHEAD:
        message = f"Expected a moment that has passed, got {at.isoformat()}."
        raise Problem(422, message, {"at": [message]})
    return Said(visitor().name, without_people(order.reason, []), min(at, now), now)


def find_lot(session: Session, gtin: str, number: str) -> Lot:
    """The lot, where the visitor may see it."""
    lot = find_lot_within(session, visitor().scope, gtin, number)
    if lot is None:
        raise not_found("lot", f"{gtin}/{number}")
    return lot
