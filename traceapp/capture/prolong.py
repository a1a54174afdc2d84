"""Readings that only prolong what runs: a refrigerator that stays too warm, hour after hour.

The runs of such a sensor, and the excursions that they are part of, go on and may get worse;
nothing else changes, so nothing needs to be judged again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, bindparam, case, select, update
from sqlalchemy.orm import Session

from traceapp.capture.excursion import Change, rebuild_excursions
from traceapp.models.base import microseconds, moment_of
from traceapp.models.excursion import Excursion
from traceapp.models.excursion import Run as RunRow
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.profile import Rule
from traceapp.rules.quiet import Measured
from traceapp.watch.post import Post, lock_units_alone

_FAR = 2**62


@dataclass(slots=True)
class KnownRun:
    """A run of a sensor known by heart: the row, its rule, and its worst temperature."""

    row_id: int
    rule: Rule
    started_at: int
    is_triggered: bool
    peak_celsius: float

    @property
    def due_at(self) -> int:
        """When it triggers, if that is still to come, in microseconds since 1970."""
        if self.is_triggered:
            return _FAR
        return microseconds(moment_of(self.started_at) + self.rule.sustained)


@dataclass(slots=True)
class Outside:
    """What runs of a sensor in a unit, heard at `heard_at`; it may go on alone before `until`."""

    sensor_id: int
    unit_id: int
    heard_at: int
    until: int
    runs: list[KnownRun]

    def hear(self, heard_at: int, readings: Sequence[Measured]) -> None:
        """Go on until these readings, the last one at `heard_at`."""
        self.heard_at = heard_at
        for run in self.runs:
            for reading in readings:
                worse = run.rule.worse(run.peak_celsius, reading.celsius)
                run.peak_celsius = reading.celsius if worse is None else worse


def outside_of(post: Post, heard_at: int, rows: Iterable[Any]) -> Outside | None:
    """What runs of a post's sensor, by the rows of its open runs.

    None where one of them stands elsewhere, or was not prolonged by the reading at `heard_at`.
    """
    runs: list[KnownRun] = []
    rules = {rule.code: rule for rule in post.profile.rules}
    for row in rows:
        rule, is_mine = rules.get(row.rule), row.unit_id == post.unit_id
        is_current = row.profile == post.profile.name and microseconds(row.heard_at) == heard_at
        if rule is None or row.peak_celsius is None or not (is_mine and is_current):
            return None
        started_at, is_triggered = microseconds(row.started_at), row.triggered_at is not None
        runs.append(KnownRun(row.id, rule, started_at, is_triggered, row.peak_celsius))
    until = min((run.due_at for run in runs), default=_FAR)
    return Outside(post.sensor_id, post.unit_id, heard_at, until, runs)


def prolong(session: Session, outsides: Collection[Outside], now: datetime) -> None:
    """Write how long and how bad the runs of these sensors have become, and their excursions."""
    if not outsides:
        return
    lock_units_alone(session, {one.unit_id for one in outsides})
    shared = _shared(session, outsides)
    _write_runs(session, outsides)
    alone: list[tuple[Outside, KnownRun]] = []
    changes: list[Change] = []
    for one in outsides:
        for run in one.runs:
            if not run.is_triggered:
                continue
            if (one.sensor_id, run.rule.code) in shared:
                since = moment_of(run.started_at)
                changes.append(Change(one.unit_id, run.rule, since, END_OF_TIME, True))
            else:
                alone.append((one, run))
    _write_excursions(session, alone)
    rebuild_excursions(session, changes, now)


def _shared(session: Session, outsides: Collection[Outside]) -> set[tuple[int, str]]:
    """The sensors, and rules, whose episode another sensor's run is part of as well."""
    units = {one.unit_id for one in outsides}
    first = min(run.started_at for one in outsides for run in one.runs)
    rows = session.execute(
        select(RunRow.unit_id, RunRow.rule, RunRow.sensor_id, RunRow.ended_at).where(
            among(session, RunRow.unit_id, units),
            RunRow.triggered_at.is_not(None),
            RunRow.ended_at.is_(None) | (RunRow.ended_at >= moment_of(first)),
        )
    )
    others: dict[tuple[int, str], list[Any]] = {}
    for row in rows:
        others.setdefault((row.unit_id, row.rule), []).append(row)
    return {
        (one.sensor_id, run.rule.code)
        for one in outsides
        for run in one.runs
        for row in others.get((one.unit_id, run.rule.code), ())
        if row.sensor_id != one.sensor_id
        and (row.ended_at is None or microseconds(row.ended_at) >= run.started_at)
    }


def _write_runs(session: Session, outsides: Collection[Outside]) -> None:
    rows = [
        {"row": run.row_id, "heard": moment_of(one.heard_at), "peak": run.peak_celsius}
        for one in outsides
        for run in one.runs
    ]
    session.connection().execute(_PROLONG_RUN, rows)


def _write_excursions(session: Session, alone: Sequence[tuple[Outside, KnownRun]]) -> None:
    for side, statement in _PROLONG_EXCURSION.items():
        rows = [
            {
                "unit": one.unit_id,
                "code": run.rule.code,
                "heard": moment_of(one.heard_at),
                "peak": run.peak_celsius,
            }
            for one, run in alone
            if run.rule.side == side
        ]
        if rows:
            session.connection().execute(statement, rows)


_RUN: Any = RunRow.__table__
_EXCURSION: Any = Excursion.__table__
_PROLONG_RUN = (
    update(_RUN)
    .where(_RUN.c.id == bindparam("row"))
    .values(heard_at=bindparam("heard"), peak_celsius=bindparam("peak"))
)


def _prolonging(is_worse: Callable[[Any, Any], Any]) -> Update:
    """The statement that lets the open excursion of a unit under a rule go on."""
    heard_at, peak = _EXCURSION.c.heard_at, _EXCURSION.c.peak_celsius
    later, worse = bindparam("heard", type_=heard_at.type), bindparam("peak", type_=peak.type)
    return (
        update(_EXCURSION)
        .where(
            _EXCURSION.c.unit_id == bindparam("unit"),
            _EXCURSION.c.rule == bindparam("code"),
            _EXCURSION.c.ended_at.is_(None),
            _EXCURSION.c.state != "withdrawn",
        )
        .values(
            heard_at=case((heard_at < later, later), else_=heard_at),
            peak_celsius=case((is_worse(worse, peak), worse), else_=peak),
        )
    )


_PROLONG_EXCURSION = {"above": _prolonging(operator.gt), "below": _prolonging(operator.lt)}
