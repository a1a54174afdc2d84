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
from traceapp.rows import among
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


class _Given(NamedTuple):
    """A profile's code as the registry gave it to a unit, and where the unit stands."""

    unit_id: int
    code: str
    from_at: datetime | None
    until_at: datetime | None
    site: str
    division: str


def is_known(session: Session, code: str, site: Site) -> bool:
    """Whether a unit of that site may have the profile of that code."""
    if code in PROFILES:
        return True
    return any(_holds_for(row, site.code, site.division_code) for row in _rows(session, {code}))


def load_profiles(session: Session, unit_ids: Collection[int]) -> dict[int, list[Held]]:
    """The profiles of units, each with when it held."""
    rows = session.execute(
        select(
            UnitProfile.unit_id,
            UnitProfile.profile,
            UnitProfile.from_at,
            UnitProfile.until_at,
            Site.code,
            Site.division_code,
        )
        .join(Unit, Unit.id == UnitProfile.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(among(session, UnitProfile.unit_id, unit_ids))
    )
    given = [_Given(*row) for row in rows]
    own = _rows(session, {one.code for one in given})
    profiles: dict[int, list[Held]] = {}
    for one in given:
        mine = [
            row for row in own if row.code == one.code and _holds_for(row, one.site, one.division)
        ]
        profiles.setdefault(one.unit_id, []).extend(_held(one, mine))
    return profiles


def counting_journeys(profiles: dict[int, list[Held]]) -> set[int]:
    """The units of `load_profiles` for which some rule adds up since a journey began."""
    return {
        unit_id
        for unit_id, held in profiles.items()
        if any(one.profile.counts_journeys for one in held)
    }


def _held(given: _Given, own: list[ProfileRow]) -> Iterable[Held]:
    """The stretches of a unit's profile: in each the nearest version counts, else the preset."""
    start, end = given.from_at or START_OF_TIME, given.until_at or END_OF_TIME
    edges = {start, end}
    for one in own:
        edges |= {one.from_at or START_OF_TIME, one.until_at or END_OF_TIME}
    moments = sorted(edge for edge in edges if start <= edge <= end)
    for left, right in pairwise(moments):
        valid = [one for one in own if _covers(one, left)]
        if valid:
            yield Held(_version(max(valid, key=_nearness)), left, right)
        elif given.code in PROFILES:
            yield Held(PROFILES[given.code], left, right)


def _rows(session: Session, codes: set[str]) -> list[ProfileRow]:
    query = select(ProfileRow).where(ProfileRow.code.in_(codes)).order_by(ProfileRow.id)
    return list(session.scalars(query))


def _holds_for(row: ProfileRow, site: str, division: str) -> bool:
    if row.site_code is not None:
        return row.site_code == site
    return not row.division_code or row.division_code in division_chain(division)


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
