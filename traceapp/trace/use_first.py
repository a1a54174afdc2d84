"""What to use first at a site: by expiry, then by how much of its budget and VVM life is used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.site import Site
from traceapp.rules.exposure import Exposure, Limits
from traceapp.trace.check import findings_of_stock
from traceapp.trace.exposure import Climate
from traceapp.trace.finding import STOPPING
from traceapp.trace.history import History, Stretch
from traceapp.trace.hold import Holds
from traceapp.trace.holding import lots_at_site
from traceapp.trace.lot import LotRecord, name_of_lot, record_of_lot
from traceapp.trace.path import certain_exposure, worst_exposure
from traceapp.trace.place import Places
from traceapp.trace.scope import Scope
from traceapp.trace.upstream import load_upstream


def use_first(session: Session, scope: Scope, code: str, now: datetime) -> dict[str, Any] | None:
    """Every lot on hand at a site, the first to use first; None for a site out of scope.

    What an injection would be stopped for stands apart, with the findings that say why.
    """
    site = session.scalar(select(Site).where(Site.code == code, scope.sites()))
    if site is None:
        return None
    climate, places, holds = Climate(session), Places(session), Holds(session)
    rows = []
    for lot, unit_id, doses in lots_at_site(session, site.id):
        record = record_of_lot(session, lot)
        upstream = load_upstream(session, lot.id, now, unit_id=unit_id)
        stretches = History(session, lot.id, upstream).before([unit_id], now)
        found = findings_of_stock(holds, record, stretches, climate, code, now)
        rows.append(
            {
                "unit": places.unit(unit_id).unit,
                "doses": doses,
                **_life(record, stretches, climate),
                "findings": found,
            }
        )
    rows.sort(key=_urgency)
    return {
        "site": site.code,
        "at": now,
        "use_first": [row for row in rows if not _is_stopped(row)],
        "do_not_use": [row for row in rows if _is_stopped(row)],
    }


def _life(record: LotRecord, stretches: Sequence[Stretch], climate: Climate) -> dict[str, Any]:
    """A lot in a unit: what it certainly lived through, and at worst where ways differ."""
    limits = record.limits
    is_doubtful = any(one.certainty == "possible" for one in stretches)
    worst = worst_exposure(climate, stretches, limits)
    return {
        "lot": name_of_lot(record.lot, record.product),
        "expires_on": record.lot.expires_on,
        "certain": _used(certain_exposure(climate, stretches, limits), limits),
        "possible": _used(worst, limits) if is_doubtful else None,
    }


def _used(exposure: Exposure, limits: Limits) -> dict[str, Any]:
    """What of a product's allowances an exposure used up; shares of 1."""
    spent = dict(exposure.budget_minutes)
    return {
        "budget_used": exposure.budget_used(limits),
        "budget": [
            {
                "above_celsius": celsius,
                "minutes": spent.get(celsius, 0.0),
                "allowed_minutes": allowed,
            }
            for celsius, allowed in sorted(limits.budget.items())
        ],
        "vvm_life_used": exposure.vvm_used,
        "frozen": exposure.is_frozen,
        "unknown_minutes": exposure.unknown_minutes,
    }


def _is_stopped(row: dict[str, Any]) -> bool:
    return any(one["code"] in STOPPING for one in row["findings"])


def _urgency(row: dict[str, Any]) -> tuple[Any, ...]:
    """By expiry, an unknown day last; then the largest share used first, possible ones too."""
    lives = [life for life in (row["certain"], row["possible"]) if life is not None]
    shares = (life[name] for life in lives for name in ("budget_used", "vvm_life_used"))
    used = max((share for share in shares if share is not None), default=0.0)
    return (
        row["expires_on"] or date.max,
        -used,
        row["lot"]["number"],
        row["lot"]["gtin"],
        row["unit"],
    )
