"""What other rules would have said: the same fold over the same readings, and nothing written."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.unit import Unit
from traceapp.rules.episode import Episode, unite
from traceapp.rules.profile import Profile
from traceapp.rules.run import Run
from traceapp.watch.neighbour import confirmed
from traceapp.watch.post import Post, load_posts, sensors_of
from traceapp.watch.sample import samples


def judge_as_if(
    session: Session, unit_code: str, profile: Profile, from_at: datetime, until_at: datetime
) -> dict[str, Any] | None:
    """The episodes that a profile would have found in a unit's readings in [from, until).

    Judging begins with the first reading in it: what ran before is not known here. None for an
    unknown unit.
    """
    unit_id = session.scalar(select(Unit.id).where(Unit.code == unit_code))
    if unit_id is None:
        return None
    span = from_at, until_at
    posts = load_posts(session, sensors_of(session, [unit_id]), is_judging=False)
    found: list[tuple[int, Run]] = []
    for sensor_id, held in posts.items():
        mine = [post for post in held if post.unit_id == unit_id]
        found += [(sensor_id, run) for run in _runs(session, mine, profile, span)]
    runs = confirmed(session, unit_id, found)
    codes = [rule.code for rule in profile.rules]
    episodes = [
        episode for code in codes for episode in unite(run for run in runs if run.rule.code == code)
    ]
    episodes.sort(key=lambda episode: (episode.started_at, codes.index(episode.rule.code)))
    return {
        "unit": unit_code,
        "from": from_at,
        "to": until_at,
        "excursions": [_document(episode) for episode in episodes],
    }


def _runs(
    session: Session, posts: list[Post], profile: Profile, span: tuple[datetime, datetime]
) -> list[Run]:
    """The runs of one sensor while it stood in the unit, whatever judged it then."""
    runs: list[Run] = []
    for post in _stands(posts):
        watch = replace(post, profile=profile).watch()
        since, until = max(post.from_at, span[0]), min(post.until_at, span[1])
        for sample in samples(session, post.sensor_id, since, until):
            runs += watch.take(sample)
        has_left = post.until_at <= span[1]
        runs += watch.stop(post.until_at) if has_left else watch.kept
    return runs


def _stands(posts: list[Post]) -> list[Post]:
    """When the sensor stood there: posts that follow one another are one."""
    stands: list[Post] = []
    for post in posts:
        if stands and stands[-1].until_at == post.from_at:
            stands[-1] = replace(stands[-1], until_at=post.until_at)
        else:
            stands.append(post)
    return stands


def _document(episode: Episode) -> dict[str, Any]:
    return {
        "rule": episode.rule.code,
        "level": episode.rule.level,
        "side": episode.rule.side,
        "state": "open" if episode.ended_at is None else "ended",
        "started_at": episode.started_at,
        "triggered_at": episode.triggered_at,
        "ended_at": episode.ended_at,
        "peak_celsius": episode.peak_celsius,
        "limit_celsius": episode.rule.limit_celsius,
        "minutes": episode.minutes,
        "unknown_minutes": episode.unknown_minutes,
    }
