"""What became known late and changed how far an episode reached, since it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.models.excursion import Excursion, ExcursionRevision
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.site import Site
from traceapp.rows import among
from traceapp.trace.place import Places
from traceapp.trace.spread import Spread

_MOST = 200


def changes_of_impact(
    session: Session,
    excursion: Excursion,
    site: Site,
    spreads: Mapping[int, Spread],
    places: Places,
) -> list[dict[str, Any]]:
    """Each new judgement of the episode, late movement, and site with late doses; newest first.

    Late is what happened before the episode was found and was reported only afterwards: whoever
    asked in between got another answer. At most 200.
    """
    doses = _late_doses(excursion, spreads)
    movements = _late_movements(session, excursion, site, spreads)
    places.know_sites({site_id for _, site_id in doses})
    wanted = {lot_id for lot_id, _ in doses} | {row.lot_id for row, _ in movements}
    lots = {
        lot.id: lot for lot in session.scalars(select(Lot).where(among(session, Lot.id, wanted)))
    }
    changes = [
        *(_change("episode", revised_at) for revised_at in _revisions(session, excursion)),
        *(
            _change(
                "movement", row.recorded_at, row.at, lots[row.lot_id], code, row.doses, row.code
            )
            for row, code in movements
        ),
        *(
            _change("doses", recorded_at, first_at, lots[lot_id], places.site(site_id).site, doses_)
            for (lot_id, site_id), (recorded_at, first_at, doses_) in doses.items()
        ),
    ]
    return sorted(changes, key=lambda one: (one["recorded_at"], str(one["id"])), reverse=True)[
        :_MOST
    ]


def _change(
    kind: str,
    recorded_at: datetime,
    at: datetime | None = None,
    lot: Lot | None = None,
    site: str | None = None,
    doses: int | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    return {
        "kind": kind,
        "recorded_at": recorded_at,
        "at": at,
        "id": code,
        "lot": {"gtin": lot.gtin, "number": lot.number} if lot else None,
        "site": site,
        "doses": doses,
    }


def _revisions(session: Session, excursion: Excursion) -> Sequence[datetime]:
    """When readings that came changed what had been said of the episode."""
    return session.scalars(
        select(ExcursionRevision.revised_at)
        .where(ExcursionRevision.excursion_id == excursion.id)
        .order_by(ExcursionRevision.revision)
    ).all()


def _late_doses(
    excursion: Excursion, spreads: Mapping[int, Spread]
) -> dict[tuple[int, int], tuple[datetime, datetime, int]]:
    """By lot and site: when the newest of its late doses came, the first moment, how many."""
    late: dict[tuple[int, int], tuple[datetime, datetime, int]] = {}
    for lot_id, spread in spreads.items():
        for touched in spread.touched.doses:
            dose = spread.doses[touched.key]
            if dose.at < excursion.found_at < dose.recorded_at:
                key = lot_id, dose.site_id
                came, first, count = late.get(key, (dose.recorded_at, dose.at, 0))
                late[key] = max(came, dose.recorded_at), min(first, dose.at), count + 1
    return late


def _late_movements(
    session: Session, excursion: Excursion, site: Site, spreads: Mapping[int, Spread]
) -> list[tuple[Movement, str]]:
    """Those at the unit itself, of whatever lot, and those of its lots at the places reached."""
    unit = excursion.unit_id
    at_unit = or_(
        Movement.from_unit_id == unit, Movement.to_unit_id == unit, Movement.carrier_id == unit
    )
    is_late = Movement.at < excursion.found_at, Movement.recorded_at > excursion.found_at
    query = select(Movement, Site.code).join(Site, Site.id == Movement.site_id).where(*is_late)
    rows = {
        row.id: (row, code)
        for condition in (
            (Movement.site_id == site.id) & at_unit,
            among(session, Movement.lot_id, list(spreads)),
        )
        for row, code in session.execute(query.where(condition))
    }
    reached = {(lot, one.unit) for lot, spread in spreads.items() for one in spread.reached}
    return [
        (row, code)
        for row, code in rows.values()
        if unit in (row.from_unit_id, row.to_unit_id, row.carrier_id)
        or not reached.isdisjoint(
            (row.lot_id, one) for one in (row.from_unit_id, row.to_unit_id) if one is not None
        )
    ]
