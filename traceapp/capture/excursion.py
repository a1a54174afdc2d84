"""Excursions: kept equal to the union of the triggered runs of a unit's sensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.fields import format_moment
from traceapp.capture.alert import address, withdraw_alerts
from traceapp.capture.run import as_run
from traceapp.models.excursion import Excursion, ExcursionRevision
from traceapp.models.excursion import Run as RunRow
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME, Episode, unite
from traceapp.rules.profile import Rule
from traceapp.rules.run import Run
from traceapp.watch.neighbour import confirmed
from traceapp.watch.profile import profile_named


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of a unit in which the runs under one rule are no longer what they were."""

    unit_id: int
    rule: Rule
    since: datetime
    until: datetime
    is_triggered: bool

    @classmethod
    def of(cls, session: Session, row: RunRow) -> Change:
        rule = profile_named(session, row.profile).rule(row.rule)
        until = row.ended_at or END_OF_TIME
        return cls(row.unit_id, rule, row.started_at, until, row.triggered_at is not None)


_Hull = tuple[int, str, datetime, datetime]


def rebuild_excursions(session: Session, changes: Iterable[Change], now: datetime) -> None:
    """Bring the excursions of the changed stretches up to date with their runs."""
    spans: dict[tuple[int, str], tuple[datetime, datetime]] = {}
    for change in changes:
        key = change.unit_id, change.rule.code
        since, until = spans.get(key, (change.since, change.until))
        spans[key] = min(since, change.since), max(until, change.until)
    if not spans:
        return
    hulls = [(*key, *span) for key, span in sorted(spans.items())]
    known, runs = _overlapping(session, Excursion, hulls), _overlapping(session, RunRow, hulls)
    for hull in hulls:
        _rebuild(session, hull, _within(known, hull), _within(runs, hull), now)


def _rebuild(
    session: Session, hull: _Hull, known: list[Excursion], runs: list[RunRow], now: datetime
) -> None:
    """Rebuild one stretch, made longer until nothing sticks out of it."""
    while True:
        known = [row for row in known if row.state != "withdrawn"]
        unit_id, rule, since, until = hull
        spans: list[Any] = [*known, *(row for row in runs if row.triggered_at is not None)]
        first = min((row.started_at for row in spans), default=since)
        last = max((row.ended_at or END_OF_TIME for row in spans), default=until)
        if first >= since and last <= until:
            break
        hull = unit_id, rule, min(first, since), max(last, until)
        known = _within(_overlapping(session, Excursion, [hull]), hull)
        runs = _within(_overlapping(session, RunRow, [hull]), hull)
    told = [(row.sensor_id, _as_run(session, row)) for row in runs]
    _write(session, unit_id, known, unite(confirmed(session, unit_id, told)), now)


def _overlapping(session: Session, model: Any, hulls: Sequence[_Hull]) -> list[Any]:
    """The rows of these units that may touch one of the hulls: one query for all of them."""
    return list(
        session.scalars(
            select(model)
            .where(
                among(session, model.unit_id, {hull[0] for hull in hulls}),
                model.started_at <= max(hull[3] for hull in hulls),
                (model.ended_at.is_(None)) | (model.ended_at >= min(hull[2] for hull in hulls)),
            )
            .order_by(model.started_at, model.id)
        )
    )


def _within(rows: Iterable[Any], hull: _Hull) -> list[Any]:
    """Those of the rows that touch the hull."""
    unit_id, rule, since, until = hull
    return [
        row
        for row in rows
        if row.unit_id == unit_id
        and row.rule == rule
        and row.started_at <= until
        and (row.ended_at or END_OF_TIME) >= since
    ]


def _as_run(session: Session, row: RunRow) -> Run:
    return as_run(row, profile_named(session, row.profile).rule(row.rule))


def _write(
    session: Session, unit_id: int, known: list[Excursion], episodes: list[Episode], now: datetime
) -> None:
    left = list(known)
    for episode in episodes:
        row = _counterpart(episode, left)
        if row is None:
            _open(session, unit_id, episode, now)
        else:
            left.remove(row)
            _revise(session, row, episode, now)
    for row in left:
        _withdraw(session, row, now)


def _counterpart(episode: Episode, known: list[Excursion]) -> Excursion | None:
    """The stored excursion that an episode continues: the same start, else the earliest."""
    end = episode.ended_at or END_OF_TIME
    touching = [
        row
        for row in known
        if row.started_at <= end and (row.ended_at or END_OF_TIME) >= episode.started_at
    ]
    same = [row for row in touching if row.started_at == episode.started_at]
    return next(iter(same or touching), None)


def _open(session: Session, unit_id: int, episode: Episode, now: datetime) -> None:
    row = Excursion(
        unit_id=unit_id,
        rule=episode.rule.code,
        level=episode.rule.level,
        side=episode.rule.side,
        limit_celsius=episode.rule.limit_celsius,
        revision=1,
        is_late=episode.ended_at is not None,
        found_at=now,
        **_content(episode),
    )
    session.add(row)
    session.flush()
    if not episode.rule.is_health:  # Seen on the pages; an e-mail for each would bury the others.
        address(session, row, now)


def _revise(session: Session, row: Excursion, episode: Episode, now: datetime) -> None:
    content = _content(episode)
    if row.state == "closed":
        content["state"] = "closed"
    if all(getattr(row, name) == value for name, value in content.items()):
        return
    if _contradicts(row, content):
        _keep_revision(session, row, now)
    for name, value in content.items():
        setattr(row, name, value)


def _contradicts(row: Excursion, content: dict[str, Any]) -> bool:
    """Whether something said before turns out otherwise; merely going on does not."""
    if row.started_at != content["started_at"] or row.triggered_at != content["triggered_at"]:
        return True
    return row.ended_at is not None


def _withdraw(session: Session, row: Excursion, now: datetime) -> None:
    _keep_revision(session, row, now)
    row.state = "withdrawn"
    withdraw_alerts(session, row, now)


def _keep_revision(session: Session, row: Excursion, now: datetime) -> None:
    said = {
        "state": row.state,
        "started_at": format_moment(row.started_at),
        "triggered_at": format_moment(row.triggered_at),
        "ended_at": None if row.ended_at is None else format_moment(row.ended_at),
        "peak_celsius": row.peak_celsius,
        "minutes": row.minutes,
        "unknown_minutes": row.unknown_minutes,
    }
    session.add(
        ExcursionRevision(excursion_id=row.id, revision=row.revision, revised_at=now, content=said)
    )
    row.revision += 1


def _content(episode: Episode) -> dict[str, Any]:
    return {
        "state": "open" if episode.ended_at is None else "ended",
        "started_at": episode.started_at,
        "triggered_at": episode.triggered_at,
        "ended_at": episode.ended_at,
        "heard_at": episode.heard_at,
        "peak_celsius": episode.peak_celsius,
        "unknown_minutes": episode.unknown_minutes,
        "spent_minutes": episode.spent_minutes,
    }
