"""Which rules held for a unit: a preset, or what a site, a division or the country made of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.division import division_chain
from traceapp.models.profile import Profile as ProfileRow
from traceapp.models.site import Site
from traceapp.models.unit import Unit, UnitProfile
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.profile import PROFILES, Profile, Rule

START_OF_TIME = datetime(1, 1, 1, tzinfo=UTC)


class Held(NamedTuple):
    """A profile that held for a unit during [from_at, until_at)."""

    profile: Profile
    from_at: datetime
    until_at: datetime


def rule_of(document: dict[str, Any]) -> Rule:
    """A rule from its stored document (`schemas.profile.RuleSchema`)."""
    window = document.get("window_minutes")
    return Rule(
        code=document["code"],
        level=document["level"],
        side=document["side"],
        sustained=timedelta(minutes=document.get("minutes", 0)),
        limit=document.get("limit_celsius", document.get("limit")),
        is_limit_included=document.get("limit_included", False),
        is_cumulative=document.get("mode") == "cumulative",
        window=None if window is None else timedelta(minutes=window),
    )


def profile_named(session: Session, name: str) -> Profile:
    """A preset by its code, or a stored version by `CODE@ID`. Raises KeyError for neither."""
    code, is_version, version = name.partition("@")
    if not is_version:
        return PROFILES[code]
    row = session.get(ProfileRow, int(version))
    if row is None:
        raise KeyError(name)
    return _version(row)


def is_known(session: Session, code: str, site: Site) -> bool:
    """Whether a unit of that site may have the profile of that code."""
    return code in PROFILES or any(_holds_for(row, site) for row in _rows(session, {code}))


def load_profiles(session: Session, unit_ids: Collection[int]) -> dict[int, list[Held]]:
    """The profiles of units, each with when it held."""
    rows = session.execute(
        select(UnitProfile, Site)
        .join(Unit, Unit.id == UnitProfile.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(UnitProfile.unit_id.in_(unit_ids))
    ).all()
    own = _rows(session, {row.profile for row, _ in rows})
    profiles: dict[int, list[Held]] = {}
    for row, site in rows:
        mine = [one for one in own if one.code == row.profile and _holds_for(one, site)]
        profiles.setdefault(row.unit_id, []).extend(_held(row, mine))
    return profiles


def _held(row: UnitProfile, own: list[ProfileRow]) -> Iterable[Held]:
    """The stretches of a unit's profile: in each the nearest version counts, else the preset."""
    start, end = row.from_at or START_OF_TIME, row.until_at or END_OF_TIME
    edges = {start, end}
    for one in own:
        edges |= {one.from_at or START_OF_TIME, one.until_at or END_OF_TIME}
    moments = sorted(edge for edge in edges if start <= edge <= end)
    for left, right in pairwise(moments):
        valid = [one for one in own if _covers(one, left)]
        if valid:
            yield Held(_version(max(valid, key=_nearness)), left, right)
        elif row.profile in PROFILES:
            yield Held(PROFILES[row.profile], left, right)


def _rows(session: Session, codes: set[str]) -> list[ProfileRow]:
    query = select(ProfileRow).where(ProfileRow.code.in_(codes)).order_by(ProfileRow.id)
    return list(session.scalars(query))


def _holds_for(row: ProfileRow, site: Site) -> bool:
    if row.site_code is not None:
        return row.site_code == site.code
    return not row.division_code or row.division_code in division_chain(site.division_code)


def _covers(row: ProfileRow, moment: datetime) -> bool:
    return (row.from_at or START_OF_TIME) <= moment < (row.until_at or END_OF_TIME)


def _nearness(row: ProfileRow) -> tuple[bool, int, int]:
    """A site's own before its county's, its city's, its province's and the country's."""
    return row.site_code is not None, len(row.division_code.rstrip("0")), row.id


def _version(row: ProfileRow) -> Profile:
    return _build(f"{row.code}@{row.id}", json.dumps(row.rules, sort_keys=True))


@lru_cache(maxsize=1_000)
def _build(name: str, rules: str) -> Profile:
    return Profile.of(name, (rule_of(document) for document in json.loads(rules)))
