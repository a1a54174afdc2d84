"""Probes that may be stuck: what is looked at again when a sensor beside them speaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.excursion import Change
from traceapp.models.excursion import Run as RunRow
from traceapp.rows import among
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post


class Span(NamedTuple):
    """The time in which readings of a unit came or went."""

    unit_id: int
    since: datetime
    until: datetime


def unchanged_beside(session: Session, spans: Iterable[Span]) -> list[Change]:
    """The stretches of unchanged values in those spans: what moved beside them may be new."""
    wanted: dict[int, list[Span]] = {}
    for span in spans:
        wanted.setdefault(span.unit_id, []).append(span)
    if not wanted:
        return []
    rows = session.scalars(
        select(RunRow).where(
            among(session, RunRow.unit_id, list(wanted)),
            RunRow.rule == "stuck",
            RunRow.started_at <= max(span.until for held in wanted.values() for span in held),
            RunRow.heard_at >= min(span.since for held in wanted.values() for span in held),
        )
    )
    return [
        Change.of(session, row)
        for row in rows
        if any(
            row.started_at <= span.until and span.since <= row.heard_at
            for span in wanted[row.unit_id]
        )
    ]


def spans_of(
    fresh: Mapping[int, Sequence[Sample]], posts: Mapping[int, Sequence[Post]]
) -> Iterator[Span]:
    """The units and times in which new readings, ascending, were measured."""
    for sensor_id, readings in fresh.items():
        for post in posts.get(sensor_id, ()):
            mine = [reading.at for reading in readings if post.covers(reading.at)]
            if mine:
                yield Span(post.unit_id, mine[0], mine[-1])
