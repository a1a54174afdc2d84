"""Which of the facts that correct each other are in force: one of each, the newest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claim:
    """A fact as far as corrections go; `code` is its public id, `site` who reported it.

    `within` is the division whose officer corrects, for facts of every site below it.
    """

    code: str
    site: int
    division: str
    corrects: str | None = None
    corrected_at: datetime | None = None
    is_void: bool = False
    within: str | None = None

    @property
    def place(self) -> tuple[datetime, str]:
        """What makes a correction the newest: when it was found, never when it arrived."""
        return self.corrected_at or _BEFORE_ALL, self.code


def may_correct(claim: Claim, other: Claim) -> bool:
    """Whether a claim may correct another: its own site's, or one below its officer."""
    if claim.site == other.site:
        return True
    return claim.within is not None and other.division.startswith(claim.within)


@dataclass(frozen=True, slots=True)
class Standing:
    """What became of a claim; `by` is what stands instead of it, where something does.

    `is_stray` for a correction of somebody else's fact: it changes nothing.
    """

    is_in_force: bool
    by: str | None = None
    is_stray: bool = False


def settle(claims: Iterable[Claim]) -> dict[str, Standing]:
    """How each claim stands. All that corrects one fact, directly or not, is one story of it.

    Of a story only the newest is in force, and not even that where it withdraws. A story whose
    beginning nobody has heard of yet is told site by site.
    """
    known = {claim.code: claim for claim in claims}
    stories: dict[tuple[str, int | None], list[Claim]] = {}
    standings: dict[str, Standing] = {}
    for claim in known.values():
        beginning = _beginning(claim, known)
        if beginning is None:
            standings[claim.code] = Standing(is_in_force=False, is_stray=True)
        else:
            stories.setdefault(beginning, []).append(claim)
    for story in stories.values():
        newest = max(story, key=lambda claim: claim.place)
        for claim in story:
            if claim is newest:
                standings[claim.code] = Standing(not claim.is_void)
            else:
                standings[claim.code] = Standing(is_in_force=False, by=newest.code)
    return standings


def _beginning(claim: Claim, known: Mapping[str, Claim]) -> tuple[str, int | None] | None:
    """What the story of a claim begins with; None where it corrects what it may not."""
    way = [claim]
    seen = {claim.code}
    while (code := way[-1].corrects) is not None:
        if code in seen:  # Two that correct each other are one story, whichever came first.
            circle = [one.code for one in way[[one.code for one in way].index(code) :]]
            return min(circle), None
        if code not in known:
            return code, way[-1].site
        if not may_correct(way[-1], known[code]):
            return None
        way.append(known[code])
        seen.add(code)
    return way[-1].code, None
