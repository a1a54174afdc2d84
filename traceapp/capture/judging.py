"""Judging new readings: the runs of their sensors are brought up to date.

Readings that come in order step the stored state forward. A late reading that fits quietly between
its neighbours changes nothing. Any other late reading is judged again from
before the runs that it may touch, until nothing runs any more, before and after alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from traceapp.capture.excursion import Change, rebuild_excursions
from traceapp.capture.late import fit_between
from traceapp.capture.run import as_numbers, as_run
from traceapp.capture.stuck import Span, spans_of, unchanged_beside
from traceapp.models.excursion import Run as RunRow
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.run import Run
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post, load_posts
from traceapp.watch.profile import START_OF_TIME
from traceapp.watch.sample import newest_before, newest_samples, samples
from traceapp.watch.unchanged import unchanged


@dataclass(frozen=True, slots=True)
class Verdict:
    """The runs that a post now has from `since` (inclusive) until `until` (exclusive)."""

    since: datetime
    until: datetime
    runs: list[Run]


def judge_readings(
    session: Session,
    fresh: dict[int, list[Sample]],
    posts: dict[int, list[Post]],
    newest: dict[int, Sample],
    now: datetime,
) -> set[int]:
    """Bring runs and excursions up to date with readings that were just stored.

    `fresh` holds the new readings by sensor in ascending order, `newest` the newest usable
    reading of each sensor before them. The units of `posts` are locked by `load_posts`.
    Returns the sensors whose readings came late and changed nothing.
    """
    running = _running(session, fresh)
    undisturbed = fit_between(session, fresh, posts, newest)
    changes: list[Change] = []
    for sensor_id, readings in fresh.items():
        if sensor_id in undisturbed:
            continue
        is_after = False  # What a sensor says in one post tells how silent it comes to the next.
        for post in posts.get(sensor_id, []):
            mine = [reading for reading in readings if post.covers(reading.at)]
            if not mine and not is_after:
                continue
            last = newest.get(sensor_id)
            if not is_after and _is_in_order(post, last, mine[0]):
                stored = [run for run in running.get(sensor_id, []) if run.unit_id == post.unit_id]
                verdict = _step(session, post, mine, last, stored)
            else:
                first_at = post.from_at if is_after else mine[0].at
                verdict = _fold_again(session, post, first_at, (mine or readings)[-1].at, now)
                stored = _stored(session, post, verdict)
            changes += _replace(session, post, stored, verdict)
            is_after = True
    changes += unchanged_beside(session, spans_of(fresh, posts))
    rebuild_excursions(session, changes, now)
    return undisturbed


def judge_sensors(session: Session, sensor_ids: Collection[int], now: datetime) -> None:
    """Judge sensors from their first reading: where they stood or the rules have changed."""
    posts = load_posts(session, sensor_ids)
    changes: list[Change] = []
    for sensor_id, held in posts.items():
        rows = list(session.scalars(select(RunRow).where(RunRow.sensor_id == sensor_id)))
        for post in held:
            mine: list[RunRow] = []
            others: list[RunRow] = []
            for row in rows:
                is_mine = row.unit_id == post.unit_id and post.covers(row.started_at)
                (mine if is_mine else others).append(row)
            rows = others
            verdict = _fold_again(session, post, post.from_at, post.until_at, now)
            changes += _replace(session, post, mine, verdict)
        changes += _forget(session, rows)
    units = {post.unit_id for held in posts.values() for post in held}
    units |= {change.unit_id for change in changes}
    spans = [Span(unit_id, START_OF_TIME, END_OF_TIME) for unit_id in units]
    changes += unchanged_beside(session, spans)
    rebuild_excursions(session, changes, now)


def judge_silence(session: Session, posts: Iterable[Post], now: datetime) -> int:
    """Open the silence of each post whose sensor is silent at `now`; returns how many."""
    held = list(posts)
    sensor_ids = [post.sensor_id for post in held]
    running, newest = _running(session, sensor_ids), newest_samples(session, sensor_ids)
    changes: list[Change] = []
    opened = 0
    for post in held:
        watch = post.watch(newest.get(post.sensor_id))
        if silence := watch.silent_by(now):
            stored = [run for run in running.get(post.sensor_id, []) if run.rule == "silence"]
            opened += not stored
            changes += _replace(session, post, stored, Verdict(now, END_OF_TIME, [silence]))
    rebuild_excursions(session, changes, now)
    return opened


def _running(session: Session, sensor_ids: Iterable[int]) -> dict[int, list[RunRow]]:
    running: dict[int, list[RunRow]] = {}
    rows = session.scalars(
        select(RunRow).where(
            among(session, RunRow.sensor_id, list(sensor_ids)), RunRow.ended_at.is_(None)
        )
    )
    for row in rows:
        running.setdefault(row.sensor_id, []).append(row)
    return running


def _is_in_order(post: Post, last: Sample | None, first: Sample) -> bool:
    """Whether the stored state of the post can simply go on with `first`."""
    if post.until_at != END_OF_TIME:
        return False
    return last is None or (last.at < first.at and post.covers(last.at))


def _step(
    session: Session,
    post: Post,
    readings: Sequence[Sample],
    last: Sample | None,
    stored: list[RunRow],
) -> Verdict:
    running = [_as_run(row, post) for row in stored if row.rule != "silence"]
    if last is not None and any(reading.celsius == last.celsius for reading in readings):
        running += unchanged(session, post, last, running)
    watch = post.watch(last, running)
    ended = [run for reading in readings for run in watch.take(reading)]
    runs = [*ended, *watch.kept]
    if watch.heard_at == (last and last.at):  # Only broken readings came: an open silence goes on.
        runs += [_as_run(row, post) for row in stored if row.rule == "silence"]
    since = min((row.started_at for row in stored), default=readings[0].at)
    return Verdict(since, END_OF_TIME, runs)


def _as_run(row: RunRow, post: Post) -> Run:
    return as_run(row, post.profile.rule(row.rule))


def _fold_again(
    session: Session, post: Post, first_at: datetime, last_at: datetime, now: datetime
) -> Verdict:
    since, before = _resume(session, post, first_at)
    watch = post.watch(before, unchanged(session, post, before, ()))
    covered = _covered(session, post, last_at)
    runs: list[Run] = []
    folded_after = False
    for sample in samples(session, post.sensor_id, since, post.until_at):
        if folded_after and not watch.running and not covered(sample.at):
            return Verdict(since, sample.at, runs)
        runs += watch.take(sample)
        folded_after = sample.at > last_at and not sample.is_implausible
    if post.until_at <= now:
        runs += watch.stop(post.until_at)
    elif silence := watch.silent_by(now):
        runs.append(silence)
    return Verdict(since, END_OF_TIME, [*runs, *watch.kept])


def _resume(session: Session, post: Post, first_at: datetime) -> tuple[datetime, Sample | None]:
    """From where to fold again, and the newest usable reading before that."""
    since = first_at
    while True:
        before = newest_before(session, post.sensor_id, since)
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
            return since, before
        since = earliest


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
            "unknown": as_numbers(run.unknown),
            "stretches": as_numbers(run.stretches),
            "outside_since": run.outside_since,
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
            before = Change.of(session, row)
            for name, value in content.items():
                setattr(row, name, value)
            changes += [before] if before.is_triggered else []
        if run.triggered_at is not None:
            changes.append(
                Change(post.unit_id, run.rule, run.started_at, run.ended_at or END_OF_TIME, True)
            )
    return changes + _forget(session, list(left.values()))


def _forget(session: Session, rows: Sequence[RunRow]) -> list[Change]:
    """Delete runs that did not happen after all; returns what changed by it."""
    if rows:
        session.execute(delete(RunRow).where(RunRow.id.in_([row.id for row in rows])))
    return [Change.of(session, row) for row in rows if row.triggered_at]
