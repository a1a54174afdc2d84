"""Recording holds of lots and their releases: facts, each written once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.ledger import lock_lot
from traceapp.capture.recall_alert import end_recall
from traceapp.models.hold import Hold, HoldRelease
from traceapp.models.recall import Recall


@dataclass(frozen=True, slots=True)
class Said:
    """Who said so, why, and as of when; `recorded_at` is when we heard it."""

    actor: str
    reason: str
    at: datetime
    recorded_at: datetime


def place_hold(
    session: Session,
    lot_id: int,
    division: str,
    site: str | None,
    said: Said,
    urgency: int | None = None,
) -> tuple[Hold, bool]:
    """Hold a lot in a division or at a site; returns the hold and whether it is new.

    The same reason for the same place again is the same hold while that one lasts; `urgency`
    is the class of a recall, which is another thing than a hold.
    """
    lock_lot(session, lot_id)
    known = session.scalars(
        select(Hold)
        .outerjoin(HoldRelease, HoldRelease.hold_id == Hold.id)
        .outerjoin(Recall, Recall.hold_id == Hold.id)
        .where(
            Recall.urgency.is_not_distinct_from(urgency),
            Hold.lot_id == lot_id,
            Hold.division_code == division,
            Hold.site_code.is_not_distinct_from(site),
            Hold.reason == said.reason,
            HoldRelease.hold_id.is_(None),
        )
        .order_by(Hold.id)
    ).first()
    if known is not None:
        return known, False
    hold = Hold(
        lot_id=lot_id,
        at=said.at,
        division_code=division,
        site_code=site,
        reason=said.reason,
        actor=said.actor,
        recorded_at=said.recorded_at,
    )
    session.add(hold)
    session.flush()
    return hold, True


def release_hold(session: Session, hold: Hold, said: Said) -> bool:
    """End a hold; returns False where somebody had ended it already: the first one stands."""
    lock_lot(session, hold.lot_id)
    known = select(HoldRelease.hold_id).where(HoldRelease.hold_id == hold.id)
    if session.scalar(known) is not None:
        return False
    session.add(
        HoldRelease(
            hold_id=hold.id,
            at=said.at,
            reason=said.reason,
            actor=said.actor,
            recorded_at=said.recorded_at,
        )
    )
    session.flush()
    end_recall(session, hold.id, said.recorded_at)
    return True
