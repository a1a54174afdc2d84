"""Judging new readings: the runs of their sensors are brought up to date.

Readings that come in order step the stored state forward. A late reading is judged again from
before the runs that it may touch, until nothing runs any more, before and after alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from traceapp.capture.excursion import Change, rebuild_excursions
from traceapp.capture.post import Post
from traceapp.capture.run import as_run
from traceapp.models.base import microseconds
from traceapp.models.excursion import Run as RunRow
from traceapp.models.reading import Reading
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.judging import Run, TimedSample, Watch

_CHUNK = 2_000


class Sample(NamedTuple):
    """A stored reading as the fold sees it."""

    at: datetime
    celsius: float
    power: bool | None
    door_open: bool | None
    is_implausible: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """The runs that a post now has from `since` (inclusive) until `until` (exclusive)."""

    since: datetime
    until: datetime
    runs: list[Run]


def judge_readings(
    session: Session,
    fresh: dict[int, Sequence[TimedSample]],
    posts: dict[int, list[Post]],
    newest: dict[int, datetime],
    now: datetime,
) -> None:
    """Bring runs and excursions up to date with readings that were just stored.

    `fresh` holds the new readings by sensor in ascending order, `newest` the newest usable
    moment of each sensor before them. The units of `posts` are locked by `load_posts`.
    """
    running = _running(session, fresh)
    changes: list[Change] = []
    for sensor_id, readings in fresh.items():
        last_at = newest.get(sensor_id)
        is_after = False  # What a sensor says in one post tells how silent it comes to the next.
        for post in posts.get(sensor_id, []):
            mine = [reading for reading in readings if post.covers(reading.at)]
            if not mine and not is_after:
                continue
            first_at = post.from_at if is_after else mine[0].at
            is_plain = post.until_at == END_OF_TIME and not is_after
            if is_plain and (last_at is None or (post.covers(last_at) and last_at < first_at)):
                stored = [run for run in running.get(sensor_id, []) if run.unit_id == post.unit_id]
                verdict = _step(post, mine, last_at, stored)
            else:
                verdict = _fold_again(session, post, first_at, (mine or readings)[-1].at, now)
                stored = _stored(session, post, verdict)
            changes += _replace(session, post, stored, verdict)
            is_after = True
    rebuild_excursions(session, changes, now)


def judge_again(session: Session, posts: dict[int, list[Post]], now: datetime) -> None:
    """Judge sensors from their first reading: their posts or the rules have changed."""
    changes: list[Change] = []
    for sensor_id, held in posts.items():
        rows = list(session.scalars(select(RunRow).where(RunRow.sensor_id == sensor_id)))
        for post in held:
            mine = [row for row in rows if row.unit_id == post.unit_id]
            mine = [row for row in mine if post.covers(row.started_at)]
            rows = [row for row in rows if row not in mine]
            verdict = _fold_again(session, post, post.from_at, post.until_at, now)
            changes += _replace(session, post, mine, verdict)
        changes += _forget(session, rows)
    rebuild_excursions(session, changes, now)


def judge_silence(session: Session, posts: Iterable[Post], now: datetime) -> int:
    """Open the silence of each post whose sensor is silent at `now`; returns how many."""
    held = list(posts)
    running = _running(session, [post.sensor_id for post in held])
    changes: list[Change] = []
    opened = 0
    for post in held:
        heard_at = _heard_before(session, post, END_OF_TIME)
        watch = Watch(post.profile, post.pace, heard_at, since=post.from_at)
        if silence := watch.silent_by(now):
            stored = [run for run in running.get(post.sensor_id, []) if run.rule == "silence"]
            opened += not stored
            changes += _replace(session, post, stored, Verdict(now, END_OF_TIME, [silence]))
    rebuild_excursions(session, changes, now)
    return opened


def _running(session: Session, sensor_ids: Iterable[int]) -> dict[int, list[RunRow]]:
    running: dict[int, list[RunRow]] = {}
    rows = session.scalars(
        select(RunRow).where(RunRow.sensor_id.in_(list(sensor_ids)), RunRow.ended_at.is_(None))
    )
    for row in rows:
        running.setdefault(row.sensor_id, []).append(row)
    return running


def _step(
    post: Post, readings: Sequence[TimedSample], last_at: datetime | None, stored: list[RunRow]
) -> Verdict:
    running = [as_run(row) for row in stored if row.rule != "silence"]
    watch = Watch(post.profile, post.pace, last_at, running, since=post.from_at)
    ended = [run for reading in readings for run in watch.take(reading)]
    runs = [*ended, *watch.running.values()]
    if watch.last_at == last_at:  # Only broken readings came: an open silence goes on.
        runs += [as_run(row) for row in stored if row.rule == "silence"]
    since = min((row.started_at for row in stored), default=readings[0].at)
    return Verdict(since, END_OF_TIME, runs)


def _fold_again(
    session: Session, post: Post, first_at: datetime, last_at: datetime, now: datetime
) -> Verdict:
    since, heard_at = _resume(session, post, first_at)
    watch = Watch(post.profile, post.pace, heard_at, since=post.from_at)
    covered = _covered(session, post, last_at)
    runs: list[Run] = []
    folded_after = False
    for sample in _samples(session, post, since):
        if folded_after and not watch.running and not covered(sample.at):
            return Verdict(since, sample.at, runs)
        runs += watch.take(sample)
        folded_after = sample.at > last_at and not sample.is_implausible
    if post.until_at <= now:
        runs += watch.stop(post.until_at)
    elif silence := watch.silent_by(now):
        runs.append(silence)
    return Verdict(since, END_OF_TIME, [*runs, *watch.running.values()])


def _resume(session: Session, post: Post, first_at: datetime) -> tuple[datetime, datetime | None]:
    """From where to fold again, and the newest usable reading before that."""
    since = first_at
    while True:
        heard_at = _heard_before(session, post, since)
        earliest = session.scalar(
            select(RunRow.started_at)
            .where(
                RunRow.sensor_id == post.sensor_id,
                RunRow.unit_id == post.unit_id,
                RunRow.started_at < since,
                RunRow.started_at >= post.from_at,
                (RunRow.ended_at.is_(None)) | (RunRow.ended_at >= since),
            )
            .order_by(RunRow.started_at)
            .limit(1)
        )
        if earliest is None:
            return since, heard_at
        since = earliest


def _heard_before(session: Session, post: Post, moment: datetime) -> datetime | None:
    """When a post's sensor was last heard before a moment; None for one that never spoke.

    A sensor that came from another unit counts as heard when it came.
    """
    newest = session.scalar(
        select(Reading.at)
        .where(
            Reading.sensor_id == post.sensor_id,
            Reading.at < moment,
            ~Reading.is_implausible,
        )
        .order_by(Reading.at.desc())
        .limit(1)
    )
    return None if newest is None else max(newest, post.attached_at)


class _Covered:
    """Whether some stored run covers a moment, so that the fold may not stop there."""

    def __init__(self, stretches: list[tuple[datetime, datetime]]) -> None:
        self.stretches = stretches

    def __call__(self, moment: datetime) -> bool:
        return any(start <= moment <= end for start, end in self.stretches)


def _covered(session: Session, post: Post, after: datetime) -> _Covered:
    rows = session.execute(
        select(RunRow.started_at, RunRow.ended_at).where(
            RunRow.sensor_id == post.sensor_id,
            RunRow.unit_id == post.unit_id,
            (RunRow.ended_at.is_(None)) | (RunRow.ended_at >= after),
        )
    )
    return _Covered([(start, end or END_OF_TIME) for start, end in rows])


def _samples(session: Session, post: Post, since: datetime) -> Iterator[Sample]:
    after, is_first = since, True
    while True:
        bound = Reading.at >= after if is_first else Reading.at > after
        rows = session.execute(
            select(
                Reading.at,
                Reading.celsius,
                Reading.power,
                Reading.door_open,
                Reading.is_implausible,
            )
            .where(Reading.sensor_id == post.sensor_id, bound, Reading.at < post.until_at)
            .order_by(Reading.at)
            .limit(_CHUNK)
        ).all()
        for row in rows:
            yield Sample(*row)
        if len(rows) < _CHUNK:
            return
        after, is_first = rows[-1].at, False


def _stored(session: Session, post: Post, verdict: Verdict) -> list[RunRow]:
    return list(
        session.scalars(
            select(RunRow).where(
                RunRow.sensor_id == post.sensor_id,
                RunRow.unit_id == post.unit_id,
                RunRow.started_at >= max(verdict.since, post.from_at),
                RunRow.started_at < min(verdict.until, post.until_at),
            )
        )
    )


def _replace(session: Session, post: Post, stored: list[RunRow], verdict: Verdict) -> list[Change]:
    """Write the verdict over the stored runs; returns what changed, by rule."""
    left = {(row.rule, row.started_at): row for row in stored}
    changes: list[Change] = []
    for run in verdict.runs:
        row = left.pop((run.rule.code, run.started_at), None)
        content = {
            "heard_at": run.heard_at,
            "ended_at": run.ended_at,
            "triggered_at": run.triggered_at,
            "peak_celsius": run.peak_celsius,
            "unknown": [[microseconds(start), microseconds(end)] for start, end in run.unknown],
        }
        if row is None:
            session.add(
                RunRow(
                    sensor_id=post.sensor_id,
                    unit_id=post.unit_id,
                    rule=run.rule.code,
                    profile=post.profile.name,
                    started_at=run.started_at,
                    **content,
                )
            )
        elif all(getattr(row, name) == value for name, value in content.items()):
            continue
        else:
            before = Change.of(row)
            for name, value in content.items():
                setattr(row, name, value)
            changes += [before] if before.is_triggered else []
        if run.triggered_at is not None:
            changes.append(
                Change(post.unit_id, run.rule, run.started_at, run.ended_at or END_OF_TIME, True)
            )
    session.flush()
    return changes + _forget(session, list(left.values()))


def _forget(session: Session, rows: Sequence[RunRow]) -> list[Change]:
    """Delete runs that did not happen after all; returns what changed by it."""
    if rows:
        session.execute(delete(RunRow).where(RunRow.id.in_([row.id for row in rows])))
    return [Change.of(row) for row in rows if row.triggered_at]
