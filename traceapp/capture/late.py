"""Late readings that change nothing: quiet after their predecessor, and their successor after them.

Most late readings are of this kind, and none of them needs to be judged again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db import among
from traceapp.models.base import microseconds
from traceapp.models.excursion import Run
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.quiet import Last, Terms, is_quiet, terms_of
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post
from traceapp.watch.sample import neighbours

_Key = tuple[int, datetime]
_MOST = 1_000
_MICROSECOND = timedelta(microseconds=1)


def fit_between(
    session: Session,
    fresh: Mapping[int, Sequence[Sample]],
    posts: Mapping[int, Sequence[Post]],
    newest: Mapping[int, Sample],
) -> set[int]:
    """The sensors whose `fresh` readings, just stored, are all late and all change nothing."""
    late = {
        (sensor_id, sample.at): sample
        for sensor_id, samples in fresh.items()
        if sensor_id in newest and sensor_id in posts and samples[-1].at < newest[sensor_id].at
        for sample in samples
    }
    if not late:
        return set()
    found = _around(session, list(late))
    runs = _runs(session, found)
    staying = _staying(session, late, found, posts)
    disturbing = {
        key[0]
        for key, sample in late.items()
        if key not in found
        or key in staying
        or not _fits(sample, *found[key], posts[key[0]])
        or any(start <= found[key][1].at and end >= found[key][0].at for start, end in runs[key[0]])
    }
    return {sensor_id for sensor_id, _ in late} - disturbing


def _around(session: Session, keys: Sequence[_Key]) -> dict[_Key, tuple[Sample, Sample]]:
    """The usable readings just before and after each moment that has both."""
    found: dict[_Key, tuple[Sample, Sample]] = {}
    for start in range(0, len(keys), _MOST):
        found |= neighbours(session, keys[start : start + _MOST])
    return found


def _staying(
    session: Session,
    late: Mapping[_Key, Sample],
    found: Mapping[_Key, tuple[Sample, Sample]],
    posts: Mapping[int, Sequence[Post]],
) -> set[_Key]:
    """The readings with which a value may stay for so long that its probe may be stuck.

    One that says what only one of its neighbours says makes that value stay for longer. Where
    another value was said just as long ago, it is still not for long enough.
    """
    asked: dict[_Key, list[_Key]] = {}
    for key, (before, after) in found.items():
        sensor_id, at = key
        is_same = before.celsius == late[key].celsius, late[key].celsius == after.celsius
        post = _post_at(before.at, posts[sensor_id])
        if all(is_same) or not any(is_same) or post is None:
            continue
        rules = [rule.sustained for rule in post.profile.rules if rule.side == "stuck"]
        if rules:
            step = min(rules) - _MICROSECOND
            asked.setdefault((sensor_id, at - step if is_same[0] else at + step), []).append(key)
    there = _around(session, list(asked))
    return {
        key
        for far, keys in asked.items()
        for key in keys
        if far in there and all(one.celsius == late[key].celsius for one in there[far])
    }


def _post_at(moment: datetime, posts: Iterable[Post]) -> Post | None:
    return next((post for post in posts if post.covers(moment)), None)


def _runs(
    session: Session, found: Mapping[_Key, tuple[Sample, Sample]]
) -> dict[int, list[tuple[datetime, datetime]]]:
    """The runs of each sensor that may lie between some of the neighbours."""
    runs: dict[int, list[tuple[datetime, datetime]]] = {sensor_id: [] for sensor_id, _ in found}
    if not found:
        return runs
    first = min(before.at for before, _ in found.values())
    last = max(after.at for _, after in found.values())
    rows = session.execute(
        select(Run.sensor_id, Run.started_at, Run.ended_at).where(
            among(session, Run.sensor_id, list(runs)),
            Run.started_at <= last,
            (Run.ended_at.is_(None)) | (Run.ended_at >= first),
        )
    )
    for sensor_id, started_at, ended_at in rows:
        runs[sensor_id].append((started_at, ended_at or END_OF_TIME))
    return runs


def _fits(sample: Sample, before: Sample, after: Sample, posts: Iterable[Post]) -> bool:
    """Whether all three stand in one post, and each is quiet after the one before it."""
    post = _post_at(before.at, posts)
    if post is None or not post.covers(after.at) or sample.is_implausible:
        return False
    terms = terms_of(post.profile, post.pace)
    return terms is not None and _follows(terms, before, sample) and _follows(terms, sample, after)


def _follows(terms: Terms, before: Sample, sample: Sample) -> bool:
    at = microseconds(before.at)
    last = Last(at, before.celsius, before.seq, hash(before.boot), at)
    heard_at = microseconds(sample.received_at or END_OF_TIME)
    return is_quiet(terms, last, microseconds(sample.at), sample, heard_at)
