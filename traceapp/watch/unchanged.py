"""Since when a sensor has said the same value: found again from its readings, not remembered.

A value that came twice is no run worth storing; only one that stays for the rule's minutes is.
Where a fold goes on from the stored state, what is shorter is looked up here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy.orm import Session

from traceapp.rules.run import Run
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post
from traceapp.watch.sample import samples_before


def unchanged(
    session: Session, post: Post, last: Sample | None, running: Collection[Run]
) -> list[Run]:
    """The run of the value that `last` said, where it is too short to be among the stored."""
    if last is None or not post.covers(last.at):
        return []
    rules = [rule for rule in post.profile.rules if rule.side == "stuck"]
    if not rules or any(run.rule.side == "stuck" for run in running):
        return []
    since = unchanged_since(session, post, last)
    if since == last.at:
        return []
    runs = [Run(rule, since, since) for rule in rules]
    for run in runs:
        run.reach(last.at)
    return runs


def unchanged_since(session: Session, post: Post, last: Sample) -> datetime:
    """The first of the readings, without silence between them, that say what `last` says."""
    since = last.at
    for sample in samples_before(session, post.sensor_id, last.at):
        is_silent = since - sample.at > post.pace.silence
        if sample.celsius != last.celsius or is_silent or sample.at < post.attached_at:
            break
        since = max(sample.at, post.from_at)
        if since == post.from_at:
            break
    return since


def stands_since(last: Sample | None, fresh: Sequence[Sample]) -> datetime | None:
    """Since when the newest value stands, where `last` and the readings after it say so alone.

    `last` was the newest usable reading before the `fresh` ones, which ascend.
    """
    chain = [one for one in fresh if not one.is_implausible and (not last or one.at > last.at)]
    chain = chain if last is None else [last, *chain]
    for one, following in reversed(list(pairwise(chain))):
        if one.celsius != following.celsius:
            return following.at
    return chain[0].at if chain and last is None else None
