"""The facts of a lot as the ledger's folds take them, loaded from movements and doses."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from traceapp.models.base import Moment
from traceapp.models.dose import Dose
from traceapp.models.movement import Movement
from traceapp.rules.ledger import LEAVING, Fact

_MOVEMENT = (
    Movement.id,
    Movement.code,
    Movement.at,
    Movement.step,
    Movement.doses,
    Movement.site_id,
    Movement.from_site_id,
    Movement.to_site_id,
    Movement.from_unit_id,
    Movement.to_unit_id,
    Movement.carrier_id,
    Movement.document,
)
_DOSE = (Dose.id, Dose.code, Dose.at, Dose.site_id, Dose.unit_id)


def movement_fact(row: Any) -> Fact:
    """A movement, or a row of its columns, as the ledger sees it."""
    return Fact(
        row.id,
        row.code,
        row.at,
        row.step,
        row.doses,
        row.site_id,
        row.from_site_id if row.step == "receiving" else row.to_site_id,
        row.from_unit_id,
        row.to_unit_id,
        row.carrier_id,
        row.document,
    )


def dose_fact(row: Any) -> Fact:
    """A dose, or a row of its columns, as the ledger sees it."""
    return Fact(row.id, row.code, row.at, "dose", 1, row.site_id, source_unit=row.unit_id)


def facts_of_site(session: Session, lot_id: int, site_id: int, since: datetime) -> list[Fact]:
    """What a site reported of a lot at `since` or later."""
    moved = select(*_MOVEMENT).where(
        Movement.lot_id == lot_id,
        Movement.site_id == site_id,
        Movement.at >= since,
        Movement.is_in_force,
    )
    return [
        *(movement_fact(row) for row in session.execute(moved)),
        *doses_of_sites(session, lot_id, [site_id], since),
    ]


def newest_of_site(session: Session, lot_id: int, site_id: int) -> datetime | None:
    """When the newest happened of all that a site reported of a lot and that is in force."""
    newest = (
        session.scalar(
            select(func.max(model.at, type_=Moment())).where(
                model.lot_id == lot_id, model.site_id == site_id, model.is_in_force
            )
        )
        for model in (Movement, Dose)
    )
    return max((at for at in newest if at is not None), default=None)


def movements_of_lot(session: Session, lot_id: int) -> list[Fact]:
    """Everything that was reported of a lot but its doses."""
    rows = session.execute(
        select(*_MOVEMENT).where(Movement.lot_id == lot_id, Movement.is_in_force)
    )
    return [movement_fact(row) for row in rows]


def doses_of_sites(
    session: Session, lot_id: int, site_ids: Collection[int], since: datetime | None = None
) -> list[Fact]:
    """The doses of a lot that these sites gave, at `since` or later where that is told."""
    given = select(*_DOSE).where(
        Dose.lot_id == lot_id, Dose.site_id.in_(site_ids), Dose.is_in_force
    )
    if since is not None:
        given = given.where(Dose.at >= since)
    return [dose_fact(row) for row in session.execute(given)]


def facts_of_route(session: Session, lot_id: int, source: int, target: int) -> list[Fact]:
    """The shipments of a lot from one site to another, and the receipts that answer them."""
    rows = session.execute(
        select(*_MOVEMENT).where(
            Movement.lot_id == lot_id, Movement.is_in_force, _is_of_route(source, target)
        )
    )
    return [movement_fact(row) for row in rows]


def keys_of_route(session: Session, lot_id: int, source: int, target: int) -> list[int]:
    """The rows of all that was ever reported of a route, what is no longer in force too."""
    query = select(Movement.id).where(Movement.lot_id == lot_id, _is_of_route(source, target))
    return sorted(session.scalars(query))


def _is_of_route(source: int, target: int) -> ColumnElement[bool]:
    left = and_(
        Movement.step.in_(LEAVING), Movement.site_id == source, Movement.to_site_id == target
    )
    came = and_(
        Movement.step == "receiving", Movement.site_id == target, Movement.from_site_id == source
    )
    return or_(left, came)
