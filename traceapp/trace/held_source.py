"""Where findings of lots that were held come from: doses and movements in spite of a hold.

They are asked of the facts each time: a hold may be told after what it forbade.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from traceapp.models.dose import Dose
from traceapp.models.hold import Hold, HoldRelease
from traceapp.models.movement import Movement
from traceapp.models.recall import Recall
from traceapp.models.site import Site
from traceapp.trace.asked import NO_KEY, Asked, fact_row
from traceapp.trace.hold import AWAY


def given_while_held(asked: Asked) -> Select[Any]:
    """Doses that were given where and while their lot was on hold, or recalled."""
    code = case((Recall.hold_id.is_(None), "dose_while_held"), else_="dose_while_recalled")
    return (
        fact_row(code, Dose.lot_id, Dose.site_id, Dose.at, NO_KEY, Dose.id)
        .distinct()
        .select_from(Hold)
        .outerjoin(HoldRelease, HoldRelease.hold_id == Hold.id)
        .outerjoin(Recall, Recall.hold_id == Hold.id)
        .join(Dose, and_(Dose.lot_id == Hold.lot_id, Dose.at >= Hold.at))
        .join(Site, Site.id == Dose.site_id)
        .where(
            or_(HoldRelease.at.is_(None), Dose.at < HoldRelease.at),
            Dose.is_in_force,
            _reaches(Hold, Site.division_code, Site.code),
            *asked.of(Hold.lot_id),
            *asked.here(Dose.site_id),
            *asked.then(Dose.at),
        )
    )


def moved_while_held(asked: Asked) -> Select[Any]:
    """Movements that took stock away from where it was held; but a recall brings stock back."""
    code, lot_id, site_id = "moved_while_held", Movement.lot_id, Movement.site_id
    return (
        fact_row(code, lot_id, site_id, Movement.at, Movement.id, NO_KEY)
        .distinct()
        .select_from(Hold)
        .outerjoin(HoldRelease, HoldRelease.hold_id == Hold.id)
        .join(Movement, and_(Movement.lot_id == Hold.lot_id, Movement.at >= Hold.at))
        .join(Site, Site.id == Movement.site_id)
        .where(
            or_(HoldRelease.at.is_(None), Movement.at < HoldRelease.at),
            Movement.is_in_force,
            Movement.step.in_(AWAY),
            Movement.from_unit_id.is_not(None),
            _reaches(Hold, Site.division_code, Site.code),
            or_(Movement.step == "shipping", ~_is_recalled()),
            *asked.of(Hold.lot_id),
            *asked.here(Movement.site_id),
            *asked.then(Movement.at),
        )
    )


def _is_recalled() -> ColumnElement[bool]:
    """Whether a recall of at least the hold's reach was in force when a movement happened."""
    recalled, ended = aliased(Hold), aliased(HoldRelease)
    query = (
        select(recalled.id)
        .join(Recall, Recall.hold_id == recalled.id)
        .outerjoin(ended, ended.hold_id == recalled.id)
        .where(recalled.lot_id == Hold.lot_id, recalled.at <= Movement.at)
        .where(or_(ended.at.is_(None), Movement.at < ended.at))
        .where(_reaches(recalled, Hold.division_code, Hold.site_code))
    )
    return query.correlate(Hold, Movement).exists()


def _reaches(hold: Any, division: Any, site: Any) -> ColumnElement[bool]:
    """Whether all of a division, or a site in it, lies where a hold holds."""
    above = [func.substr(division, 1, 4) + "00", func.substr(division, 1, 2) + "0000"]
    is_above = or_(hold.division_code == "", *(hold.division_code == one for one in above))
    is_within = or_(is_above, hold.division_code == division)
    return and_(is_within, or_(hold.site_code.is_(None), hold.site_code == site))


SOURCES = (
    (given_while_held, frozenset(("dose_while_held", "dose_while_recalled"))),
    (moved_while_held, frozenset(("moved_while_held",))),
)
