"""Profiles of a country's, a division's or a site's own: each change is a new version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.judging import judge_sensors
from traceapp.capture.registry_error import RegistryError, past
from traceapp.models.division import is_within
from traceapp.models.profile import Profile
from traceapp.models.site import Site
from traceapp.models.unit import Unit, UnitProfile
from traceapp.rules.profile import PROFILES
from traceapp.watch.post import lock_units, sensors_of


def register_profile(session: Session, document: dict[str, Any], now: datetime) -> bool:
    """Let a profile hold in its place from a moment on, and judge its units anew from there.

    The first version of a code that is no preset holds since ever. Returns whether anything
    changed.
    """
    site, division = document.get("site"), document.get("division", "")
    if site is not None and session.scalar(select(Site.id).where(Site.code == site)) is None:
        raise RegistryError("site", f"Expected a registered site, got {site}.")
    from_at = past("valid_from", document.get("valid_from", now), now)
    versions = session.scalars(
        select(Profile).where(
            Profile.code == document["code"],
            Profile.division_code == division,
            Profile.site_code == site if site is not None else Profile.site_code.is_(None),
        )
    ).all()
    current = next((one for one in versions if one.until_at is None), None)
    if current is not None and current.rules == document["rules"]:
        return False
    units = _units(session, document["code"], division, site)
    lock_units(session, units)
    is_first = not versions and document["code"] not in PROFILES
    for one in versions:
        if one.until_at is None or one.until_at > from_at:
            one.until_at = max(from_at, one.from_at or from_at)
    session.add(
        Profile(
            code=document["code"],
            division_code=division,
            site_code=site,
            rules=document["rules"],
            from_at=None if is_first else from_at,
            until_at=None,
        )
    )
    session.flush()
    judge_sensors(session, sensors_of(session, units), now)
    return True


def _units(session: Session, code: str, division: str, site: str | None) -> list[int]:
    """The units that have, or had, a profile of that code in that place."""
    query = (
        select(Unit.id)
        .join(UnitProfile, UnitProfile.unit_id == Unit.id)
        .join(Site, Site.id == Unit.site_id)
        .where(UnitProfile.profile == code)
        .distinct()
    )
    if site is not None:
        query = query.where(Site.code == site)
    elif division:
        query = query.where(is_within(Site.division_code, division))
    return list(session.scalars(query))
