"""Which sites a recall concerns: those that held the lot or awaited it, and those that gave it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import Session, aliased

from traceapp.models.division import is_within
from traceapp.models.dose import Dose
from traceapp.models.hold import Hold, HoldRelease
from traceapp.models.movement import Movement
from traceapp.models.outbox import RECALL, REMINDER, Outbox, OutboxSite
from traceapp.models.posting import Posting
from traceapp.models.recall import Recall, RecallAcknowledgement
from traceapp.models.site import Site
from traceapp.models.stay import Stay


@dataclass(frozen=True, slots=True)
class Campaign:
    """A recall: of which lot, where, since when, and until when once it is over."""

    id: int
    lot_id: int
    division: str
    site: str | None
    at: datetime
    until: datetime | None

    def concerns(self) -> ColumnElement[bool]:
        """The condition that a site held or awaited the lot while it lasts, or ever gave it."""
        return and_(
            is_within(Site.division_code, self.division) if self.division else true(),
            Site.code == self.site if self.site is not None else true(),
            or_(
                Site.id.in_(self._lay()),
                Site.id.in_(self._awaited()),
                select(Dose.id)
                .where(Dose.lot_id == self.lot_id, Dose.site_id == Site.id, Dose.is_in_force)
                .where(self._began(Dose.at))
                .exists(),
            ),
        )

    def _began(self, moment: Any) -> ColumnElement[bool]:
        return true() if self.until is None else moment < self.until

    def _lay(self) -> Any:
        return (
            select(Stay.site_id)
            .where(
                Stay.lot_id == self.lot_id, Stay.shipment_id.is_(None), self._began(Stay.from_at)
            )
            .where(or_(Stay.until_at.is_(None), Stay.until_at > self.at))
        )

    def _awaited(self) -> Any:
        """Receivers of what was shipped since, or has not wholly arrived."""
        sent = self.shipments().subquery()
        return select(sent.c.to_site_id).where(
            self._began(sent.c.sent_at), or_(sent.c.sent_at > self.at, sent.c.left > 0)
        )

    def shipments(self, *conditions: ColumnElement[bool]) -> Any:
        """Each shipment, by the postings that are meant: whither, when it left, what is left."""
        moved, sent = aliased(Movement), aliased(Movement)
        is_sent = Posting.debit == "in_transit"
        return (
            select(
                sent.id,
                sent.to_site_id,
                func.min(Posting.at).label("sent_at"),
                func.sum(case((is_sent, Posting.doses), else_=-Posting.doses)).label("left"),
            )
            .join(moved, moved.id == Posting.movement_id)
            .join(
                sent,
                sent.id == func.coalesce(Posting.debit_shipment_id, Posting.credit_shipment_id),
            )
            .where(moved.lot_id == self.lot_id, *conditions)
            .group_by(sent.id, sent.to_site_id)
        )

    def is_mailed(self) -> ColumnElement[bool]:
        """The condition that an e-mail is about it, or reminds of it."""
        return and_(Outbox.kind.in_((RECALL, REMINDER)), Outbox.about_id == self.id)

    def told(self) -> Any:
        """The sites of which an e-mail tells, whether it has left or not."""
        return (
            select(OutboxSite.site_id)
            .join(Outbox, Outbox.id == OutboxSite.outbox_id)
            .where(self.is_mailed())
        )

    def answered(self) -> Any:
        """The sites that said that they know."""
        return select(RecallAcknowledgement.site_id).where(
            RecallAcknowledgement.recall_id == self.id
        )


def campaigns(session: Session, *conditions: ColumnElement[bool]) -> list[Campaign]:
    """Recalls with their ends, the oldest first."""
    rows = session.execute(
        select(Hold, HoldRelease.at)
        .join(Recall, Recall.hold_id == Hold.id)
        .outerjoin(HoldRelease, HoldRelease.hold_id == Hold.id)
        .where(*conditions)
        .order_by(Hold.id)
    )
    return [
        Campaign(hold.id, hold.lot_id, hold.division_code, hold.site_code, hold.at, until)
        for hold, until in rows
    ]


def find_campaign(session: Session, recall_id: int) -> Campaign | None:
    """One recall, still on or over."""
    return next(iter(campaigns(session, Recall.hold_id == recall_id)), None)
