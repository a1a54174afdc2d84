"""Holds of a lot as the record stands, and what was done with the lot in spite of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true
from sqlalchemy.orm import Session

from traceapp.models.division import Division, division_prefix
from traceapp.models.dose import Dose
from traceapp.models.hold import Hold, HoldRelease
from traceapp.models.movement import Movement
from traceapp.models.recall import Recall
from traceapp.models.site import Site
from traceapp.trace.finding import finding, finding_of_dose
from traceapp.trace.scope import Scope

#: Steps that take stock away. To isolate it, to sample and to count it is what a hold is for.
AWAY = ("shipping", "returning", "wasting", "destroying")
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, with its release once it has one; `recall` where it is a recall."""

    hold: Hold
    release: HoldRelease | None
    recall: Recall | None

    @property
    def finding(self) -> str:
        """What is found of a dose of the lot while it lasts."""
        return "lot_recalled" if self.recall else "lot_held"

    @property
    def scope(self) -> Scope:
        """Where it holds."""
        return Scope(self.hold.division_code, self.hold.site_code)

    def lasts_at(self, at: datetime) -> bool:
        """Whether it was in force at that moment, by the moments that were told."""
        return self.hold.at <= at and (self.release is None or at < self.release.at)

    def lasting(self, moment: Any) -> ColumnElement[bool]:
        """The condition that a column's moment lies in it."""
        ended = true() if self.release is None else moment < self.release.at
        return and_(moment >= self.hold.at, ended)


def holds_of_lot(session: Session, lot_id: int) -> list[Held]:
    """Every hold that a lot ever had, the newest first."""
    rows = session.execute(
        select(Hold, HoldRelease, Recall)
        .outerjoin(HoldRelease, HoldRelease.hold_id == Hold.id)
        .outerjoin(Recall, Recall.hold_id == Hold.id)
        .where(Hold.lot_id == lot_id)
        .order_by(Hold.at.desc(), Hold.id.desc())
    )
    return [Held(hold, release, recall) for hold, release, recall in rows]


def settle(session: Session, scope: Scope) -> Scope:
    """The scope with the division of its site filled in, so that two scopes can be compared."""
    if scope.site is None:
        return scope
    division = session.scalar(select(Site.division_code).where(Site.code == scope.site))
    return Scope(division or scope.division, scope.site)


def contains(outer: Scope, inner: Scope) -> bool:
    """Whether all of a settled scope lies inside another."""
    if outer.site is not None:
        return inner.site == outer.site
    return inner.division.startswith(division_prefix(outer.division))


def touches(held: Held, scope: Scope) -> bool:
    """Whether a hold has a say in a settled scope: it lies above it, or inside it."""
    return contains(held.scope, scope) or contains(scope, held.scope)


def recall_in_force(session: Session, lot_id: int, scope: Scope) -> bool:
    """Whether some recall of a lot that is not over reaches all of a scope."""
    settled = settle(session, scope)
    return any(
        one.recall is not None and one.release is None and contains(one.scope, settled)
        for one in holds_of_lot(session, lot_id)
    )


class Holds:
    """The holds of lots, each lot's and each place's looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[int, list[Held]] = {}
        self._settled: dict[Scope, Scope] = {}

    def findings(self, lot_id: int, place: Scope, at: datetime) -> list[dict[str, Any]]:
        """Whether a lot is held at a place at a moment."""
        return [finding(code) for code in self.codes(lot_id, place, at)]

    def codes(self, lot_id: int, place: Scope, at: datetime) -> list[str]:
        """What is found of a lot that was held at a place at a moment."""
        if lot_id not in self._of:
            self._of[lot_id] = holds_of_lot(self._session, lot_id)
        lasting = [one for one in self._of[lot_id] if one.lasts_at(at)]
        if lasting and place not in self._settled:
            self._settled[place] = settle(self._session, place)
        return sorted({one.finding for one in lasting if touches(one, self._settled[place])})


def findings_of_holds(session: Session, lot_id: int, scope: Scope) -> list[dict[str, Any]]:
    """That a lot is held now, or recalled, where a scope reaches."""
    settled = settle(session, scope)
    lasting = {
        one.finding
        for one in holds_of_lot(session, lot_id)
        if one.release is None and touches(one, settled)
    }
    return [finding(code) for code in sorted(lasting)]


def findings_in_spite(session: Session, lot_id: int, scope: Scope) -> list[dict[str, Any]]:
    """The doses and movements at sites in scope while the lot was held."""
    holds = holds_of_lot(session, lot_id)
    found: list[dict[str, Any]] = []
    seen: set[tuple[str, str]] = set()
    for held in holds:
        for site, code in session.execute(_given(held, scope)):
            if (held.finding, code) not in seen:
                seen.add((held.finding, code))
                given = {"site": site, "movement": None, "dose": code}
                found.append({**finding_of_dose(held.finding), **given})
        for site, code in session.execute(_moved(held, holds).where(scope.sites()).limit(_MOST)):
            if ("movement", code) not in seen:
                seen.add(("movement", code))
                moved = {"site": site, "movement": code, "dose": None}
                found.append({**finding("moved_while_held"), **moved})
    return found[:_MOST]


def findings_of_held_movements(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Which of these movements took stock away while it was held."""
    lots = session.scalars(
        select(Hold.lot_id)
        .join(Movement, Movement.lot_id == Hold.lot_id)
        .where(Movement.code.in_(codes))
        .distinct()
    ).all()
    moved = {
        code
        for lot_id in lots
        for holds in [holds_of_lot(session, lot_id)]
        for held in holds
        for _, code in session.execute(_moved(held, holds).where(Movement.code.in_(codes)))
    }
    return [{**finding("moved_while_held"), "movement": code} for code in sorted(moved)]


def hold_documents(session: Session, lot_id: int, scope: Scope) -> list[dict[str, Any]]:
    """The holds of a lot that have a say in a scope, newest first."""
    settled = settle(session, scope)
    holds = [one for one in holds_of_lot(session, lot_id) if touches(one, settled)]
    return [hold_document(session, one, settled) for one in holds]


def hold_document(session: Session, held: Held, scope: Scope) -> dict[str, Any]:
    """One hold for whoever sees a settled scope: who above them placed it is not told."""
    hold, is_inside = held.hold, contains(scope, held.scope)
    division = session.get(Division, hold.division_code)
    return {
        "id": hold.id,
        "division": hold.division_code,
        "division_name": division.name if division else None,
        "site": hold.site_code,
        "recall_class": held.recall.urgency if held.recall else None,
        **_said(hold, is_inside),
        "release": _said(held.release, is_inside) if held.release else None,
    }


def _said(fact: Hold | HoldRelease, with_actor: bool) -> dict[str, Any]:
    return {
        "at": fact.at,
        "reason": fact.reason,
        "by": fact.actor if with_actor else None,
        "recorded_at": fact.recorded_at,
    }


def _given(held: Held, scope: Scope) -> Select[str, str]:
    return (
        select(Site.code, Dose.code)
        .join(Dose, Dose.site_id == Site.id)
        .where(Dose.lot_id == held.hold.lot_id, Dose.is_in_force, held.lasting(Dose.at))
        .where(held.scope.sites(), scope.sites())
        .order_by(Dose.at, Dose.id)
        .limit(_MOST)
    )


def _moved(held: Held, holds: Sequence[Held]) -> Select[str, str]:
    query = (
        select(Site.code, Movement.code)
        .join(Movement, Movement.site_id == Site.id)
        .where(Movement.from_unit_id.is_not(None))
        .where(Movement.lot_id == held.hold.lot_id, Movement.step.in_(AWAY))
        .where(held.lasting(Movement.at), Movement.is_in_force, held.scope.sites())
        .order_by(Movement.at, Movement.id)
    )
    for recall in holds:
        if recall.recall is not None and contains(recall.scope, held.scope):
            # To send it back and to destroy it is what a recall is for.
            is_recalled = recall.lasting(Movement.at)
            query = query.where(or_(Movement.step == "shipping", not_(is_recalled)))
    return query
