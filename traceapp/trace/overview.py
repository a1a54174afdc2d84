"""The overview: every unit with its newest reading, what is open, what waits to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from traceapp.models.excursion import ABOUT_VACCINE, Excursion
from traceapp.models.outbox import Outbox, OutboxSite, is_failed, is_waiting
from traceapp.models.rejection import Rejection
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.trace.excursion import Wanted, list_excursions
from traceapp.trace.rejection import is_visible
from traceapp.trace.scope import Scope
from traceapp.watch.sample import newest_reading

_MOST = 500


def overview(session: Session, scope: Scope, now: datetime) -> dict[str, Any]:
    """What somebody sees first: counts, units, open excursions, the outbox, refusals.

    A unit's `state` is alarm or notice while such an episode is open, silent when its sensor
    is, unheard before its first reading, else fine.
    """
    page = list_excursions(session, scope, Wanted(state="open"), limit=100)
    units = _units(session, scope)
    return {
        "at": now,
        "counts": {
            "sites": _count(session, select(func.count(Site.id)).where(scope.sites())),
            "units": len(units),
            "open_excursions": len(page["items"]),
        },
        "units": units,
        "open_excursions": page["items"],
        "outbox": _outbox(session, scope),
        "rejections": _rejections(session, scope),
    }


def _count(session: Session, query: Any) -> int:
    return int(session.scalar(query) or 0)


def _units(session: Session, scope: Scope) -> list[dict[str, Any]]:
    reading, is_newest = newest_reading(session)
    rows: Sequence[Any] = session.execute(
        select(Unit, Site, reading.at, reading.celsius)
        .join(Site, Site.id == Unit.site_id)
        .outerjoin(Attachment, (Attachment.unit_id == Unit.id) & Attachment.until_at.is_(None))
        .outerjoin(Sensor, Sensor.id == Attachment.sensor_id)
        .outerjoin(reading, is_newest)
        .where(scope.sites())
        .order_by(Site.code, Unit.code)
        .limit(_MOST)
    ).all()
    states = _states(session, scope)
    documents: dict[int, dict[str, Any]] = {}
    for unit, site, at, celsius in rows:
        document = documents.setdefault(unit.id, _unit(unit, site, states.get(unit.id)))
        if at is not None and (document["last_at"] is None or at > document["last_at"]):
            document |= {"last_at": at, "last_celsius": celsius}
            document["state"] = states.get(unit.id, "fine")
    return list(documents.values())


def _unit(unit: Unit, site: Site, state: str | None) -> dict[str, Any]:
    return {
        "unit": unit.code,
        "name": unit.name,
        "name_en": unit.name_en,
        "type": unit.type,
        "site": site.code,
        "site_name": site.name,
        "site_name_en": site.name_en,
        "last_at": None,
        "last_celsius": None,
        "state": state or "unheard",
    }


def _states(session: Session, scope: Scope) -> dict[int, str]:
    rows = session.execute(
        select(Excursion.unit_id, Excursion.level, Excursion.side)
        .join(Unit, Unit.id == Excursion.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(Excursion.state == "open", ABOUT_VACCINE, scope.sites())
    )
    rank = {"notice": 0, "silent": 1, "alarm": 2}
    states: dict[int, str] = {}
    for unit_id, level, side in rows:
        state = "silent" if side == "silence" else level
        if unit_id not in states or rank[state] > rank[states[unit_id]]:
            states[unit_id] = state
    return states


def _outbox(session: Session, scope: Scope) -> dict[str, int]:
    mails = (
        select(func.count(distinct(Outbox.id)))
        .join(OutboxSite, OutboxSite.outbox_id == Outbox.id)
        .join(Site, Site.id == OutboxSite.site_id)
        .where(scope.sites())
    )
    return {
        "waiting": _count(session, mails.where(is_waiting())),
        "sent": _count(session, mails.where(Outbox.sent_at.is_not(None))),
        "failed": _count(session, mails.where(is_failed())),
    }


def _rejections(session: Session, scope: Scope) -> int:
    query = select(func.count(Rejection.id)).where(Rejection.replayed_at.is_(None))
    return _count(session, query.where(is_visible(scope, Rejection.site_code)))
