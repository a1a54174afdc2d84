"""Adverse events: of a dose, and of a lot with counts, rates and what its doses lived through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from schemas.fields import format_moment
from traceapp.models.adverse_event import AdverseEvent
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.rules.exposure import expose
from traceapp.trace.dose import load_doses
from traceapp.trace.dose_finding import DoseFindings
from traceapp.trace.dose_way import DoseWays
from traceapp.trace.exposure import Climate, exposure_document
from traceapp.trace.lot import lot_document
from traceapp.trace.page import make_page, newest_first
from traceapp.trace.path import certain_exposure
from traceapp.trace.scope import Scope
from traceapp.vault import SealedText, Vault

_PER = 100_000
_Earlier, _Later = aliased(AdverseEvent), aliased(AdverseEvent)


@dataclass(frozen=True, slots=True)
class Described:
    """A report in words; `text` is None where nothing was said so, or the person was forgotten."""

    site: str
    dose: str
    text: str | None

    def __repr__(self) -> str:
        return f"Described(dose={self.dose!r}, …)"


def events_of_dose(session: Session, scope: Scope, code: str) -> list[dict[str, Any]] | None:
    """Every report about a dose, the newest first; None for a dose that is not to be seen."""
    seen = select(Dose.id).join(Site, Site.id == Dose.site_id)
    dose_id = session.scalar(seen.where(Dose.code == code, scope.sites()))
    if dose_id is None:
        return None
    rows = session.execute(
        _reports()
        .where(AdverseEvent.dose_id == dose_id)
        .order_by(AdverseEvent.reported_at.desc(), AdverseEvent.id.desc())
    )
    return [_report(row) for row in rows]


def events_of_lot(
    session: Session, scope: Scope, lot: Lot, limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Counts, rates and a page of reports about doses of a lot given at the sites in scope.

    A report that was corrected is not counted and not listed; its correction is.
    """
    page = newest_first(
        _reports()
        .add_columns(Dose, Site)
        .join(Site, Site.id == Dose.site_id)
        .where(Dose.lot_id == lot.id, scope.sites(), _Later.id.is_(None)),
        AdverseEvent.reported_at,
        AdverseEvent.id,
        cursor,
    )
    rows = session.execute(page.limit(limit + 1)).all()
    lives = _lives_of(session, rows[:limit])
    listed = make_page(
        rows,
        limit,
        lambda row: {
            **_report(row),
            "dose_at": row[4].at,
            "site": row[5].code,
            **lives[row[4].id],
        },
        lambda row: (format_moment(row[0].reported_at), row[0].id),
    )
    return {"lot": lot_document(session, lot), **count_of_lot(session, scope, lot), **listed}


def count_of_lot(session: Session, scope: Scope, lot: Lot) -> dict[str, Any]:
    """How many doses of a lot were given in scope, how many reports, how many of each event."""
    given = select(func.count(Dose.id)).join(Site, Site.id == Dose.site_id)
    given = given.where(Dose.lot_id == lot.id, Dose.is_in_force, scope.sites())
    doses = session.scalar(given) or 0
    reports: Sequence[Any] = session.execute(
        select(AdverseEvent.events, AdverseEvent.seriousness)
        .join(Dose, Dose.id == AdverseEvent.dose_id)
        .join(Site, Site.id == Dose.site_id)
        .outerjoin(_Later, _Later.corrects_id == AdverseEvent.id)
        .where(Dose.lot_id == lot.id, scope.sites(), _Later.id.is_(None))
    ).all()
    events = Counter(event for row in reports for event in row.events)
    return {
        "doses_given": doses,
        "reports": len(reports),
        "serious": sum(bool(row.seriousness) for row in reports),
        "per_100000_doses": _rate(len(reports), doses),
        "counts": [
            {"event": event, "reports": count, "per_100000_doses": _rate(count, doses)}
            for event, count in sorted(events.items(), key=lambda one: (-one[1], one[0]))
        ],
    }


def describe_event(session: Session, scope: Scope, code: str, vault: Vault) -> Described | None:
    """A report in words; None for one that is not to be seen. Raises KeyUnknown, SealBroken."""
    row = session.execute(
        select(AdverseEvent, Dose.code, Site.code)
        .join(Dose, Dose.id == AdverseEvent.dose_id)
        .join(Site, Site.id == Dose.site_id)
        .where(AdverseEvent.code == code, scope.sites())
    ).one_or_none()
    if row is None:
        return None
    event, dose, site = row
    if event.sealed is None or event.key_id is None:
        return Described(site, dose, None)
    return Described(site, dose, vault.open_text(SealedText(event.key_id, event.sealed), code))


def _rate(reports: int, doses: int) -> float | None:
    return reports * _PER / doses if doses else None


def _reports() -> Any:
    """Reports with the id of their dose, of what each corrects, and of what corrects it."""
    return (
        select(AdverseEvent, Dose.code, _Earlier.code, _Later.code)
        .join(Dose, Dose.id == AdverseEvent.dose_id)
        .outerjoin(_Earlier, _Earlier.id == AdverseEvent.corrects_id)
        .outerjoin(_Later, _Later.corrects_id == AdverseEvent.id)
    )


def _report(row: Any) -> dict[str, Any]:
    event, dose, corrects, corrected_by = row[:4]
    return {
        "id": event.code,
        "dose": dose,
        "onset_at": event.onset_at,
        "reported_at": event.reported_at,
        "recorded_at": event.recorded_at,
        "events": event.events,
        "seriousness": event.seriousness,
        "outcome": event.outcome,
        "died_on": event.died_on,
        "reporter": event.reporter,
        "has_description": event.sealed is not None,
        "corrects": corrects,
        "corrected_by": corrected_by,
    }


def _lives_of(session: Session, rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
    """What the doses of reports lived through, and what is wrong with them; by the doses' rows."""
    records, climate = list(load_doses(session, [row[4].id for row in rows])), Climate(session)
    ways = DoseWays(session, records)
    stretches = ways.look(climate, records)
    found = DoseFindings(session, records, ways, climate)
    lives = {}
    for record in records:
        way, limits = stretches[record.dose.id], record.limits
        total = certain_exposure(climate, way, limits) if way else expose([], limits)
        lives[record.dose.id] = {
            "exposure": exposure_document(total, limits),
            "findings": found.of(record, way),
        }
    return lives
