"""A path as a document: each stretch with its exposure, and what the stretches add up to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.excursion import ABOUT_VACCINE, Excursion
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rows import among_later, spell_list
from traceapp.rules.exposure import Exposure, Limits, expose
from traceapp.trace.excursion import excursion_summary
from traceapp.trace.exposure import Climate, exposure_document
from traceapp.trace.history import Stretch
from traceapp.trace.place import Places


def path_documents(
    places: Places, climate: Climate, stretches: Sequence[Stretch], limits: Limits
) -> list[dict[str, Any]]:
    """The `path` of the contract: where a lot was, from when until when, and how warm."""
    _look(climate, stretches, limits)
    places.know_units({one.unit_id for one in stretches if one.unit_id})
    return [
        {
            "site": places.unit(one.unit_id).site if one.unit_id else None,
            "unit": places.unit(one.unit_id).unit if one.unit_id else None,
            "from": one.from_at,
            "until": one.until_at,
            "certainty": one.certainty,
            "movement_in": one.movement_in,
            "movement_out": one.movement_out,
            "exposure": exposure_document(
                climate.exposure(one.unit_id, one.from_at, one.until_at, limits), limits
            ),
        }
        for one in stretches
    ]


def _look(climate: Climate, stretches: Sequence[Stretch], limits: Limits) -> None:
    climate.look(((one.unit_id, one.from_at, one.until_at) for one in stretches), limits)


def certain_exposure(climate: Climate, stretches: Sequence[Stretch], limits: Limits) -> Exposure:
    """What a product certainly lived through: certain and possible are never mixed."""
    _look(climate, stretches, limits)
    total = expose([], limits)
    for one in stretches:
        if one.certainty == "certain":
            total = total + climate.exposure(one.unit_id, one.from_at, one.until_at, limits)
    return total


def worst_exposure(climate: Climate, stretches: Sequence[Stretch], limits: Limits) -> Exposure:
    """The most that it may have lived through, over all ways that lead there; figure by figure.

    A stretch ends with the movement that the next one begins with. Each figure is the worst of
    any way; they need not be of one way, so the mean kinetic temperature of it says nothing.
    """
    _look(climate, stretches, limits)
    nothing = expose([], limits)
    until_then: dict[tuple[str, datetime], Exposure] = {}
    worst = nothing
    # In order of time, of one moment what was walked to last: what led to a stretch comes first.
    ordered = list(reversed(stretches))
    ordered.sort(key=lambda one: (one.from_at, one.until_at))
    for one in ordered:
        here = climate.exposure(one.unit_id, one.from_at, one.until_at, limits)
        before = nothing
        if one.movement_in is not None:
            before = until_then.get((one.movement_in, one.from_at), nothing)
        total = before + here
        if one.movement_out is None:
            worst = worst.at_worst(total)
            continue
        key = one.movement_out, one.until_at
        until_then[key] = until_then.get(key, nothing).at_worst(total)
    return worst


def excursions_along(session: Session, stretches: Sequence[Stretch]) -> list[dict[str, Any]]:
    """The episodes that overlap a stretch in its unit, oldest first, each with its certainty."""
    by_unit: dict[int, list[Stretch]] = {}
    for one in stretches:
        if one.unit_id is not None:
            by_unit.setdefault(one.unit_id, []).append(one)
    if not by_unit:
        return []
    found = []
    for row, unit, site in _overlapping(session, by_unit, stretches):
        certainty = {
            one.certainty
            for one in by_unit[row.unit_id]
            if row.started_at < one.until_at
            and (row.ended_at is None or row.ended_at > one.from_at)
        }
        if certainty:
            said = "certain" if "certain" in certainty else "possible"
            found.append({**excursion_summary(row, unit, site), "certainty": said})
    return found


def _overlapping(
    session: Session, unit_ids: Collection[int], stretches: Sequence[Stretch]
) -> list[Any]:
    """The episodes of units that overlap the time from the first stretch to the last."""
    asked = {
        **spell_list(session, "units", unit_ids),
        "from_at": min(one.from_at for one in stretches),
        "until_at": max(one.until_at for one in stretches),
    }
    return list(session.execute(_episodes(is_postgresql(session)), asked).all())


@lru_cache
def _episodes(is_on_postgresql: bool) -> Select[*tuple[Any, ...]]:
    """Made once: to make a statement anew each time costs more than the database takes for it."""
    lasts = or_(Excursion.ended_at.is_(None), Excursion.ended_at > bindparam("from_at"))
    return (
        select(Excursion, Unit.code, Site.code)
        .join(Unit, Unit.id == Excursion.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(
            among_later(is_on_postgresql, Excursion.unit_id, "units"),
            Excursion.state != "withdrawn",
            ABOUT_VACCINE,
            Excursion.started_at < bindparam("until_at"),
            lasts,
        )
        .order_by(Excursion.started_at, Excursion.id)
    )
