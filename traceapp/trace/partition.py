"""Which partitions of the telemetry somebody holds, and what no partition hears."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.partition import Partition
from traceapp.models.site import Site
from traceapp.rules.coverage import Coverage


class Held(NamedTuple):
    """A partition, and whether a process has it in hand or had it a moment ago."""

    name: str
    is_held: bool


def partitions_held(session: Session, since: datetime) -> list[Held]:
    """Every partition for which the broker keeps anything, by name: was it held after `since`?"""
    rows = session.scalars(select(Partition).order_by(Partition.name, Partition.id))
    return [
        Held(row.name, row.held_until is not None and row.held_until > since)
        for row in rows
        if row.subscribed
    ]


def uncovered_sites(session: Session) -> list[str]:
    """Registered sites of whose topics no partition hears all; none before anybody subscribed."""
    filters = [filter_ for row in session.scalars(select(Partition)) for filter_ in row.subscribed]
    coverage = Coverage(filters)
    if not filters or coverage.hears_all_of("+"):
        return []
    codes = session.scalars(select(Site.code).order_by(Site.code))
    return [code for code in codes if not coverage.hears_all_of(code)]


def heard_elsewhere(session: Session, partition_id: int) -> Callable[[str], bool] | None:
    """Whether a site's readings come to other partitions and not to this one.

    None where they all come to this one.
    """
    own: list[str] = []
    others: list[str] = []
    for row in session.scalars(select(Partition)):
        (own if row.id == partition_id else others).extend(row.subscribed)
    ours, theirs = Coverage(own), Coverage(others)
    if ours.hears_readings_of("+"):
        return None
    return lambda site: theirs.hears_readings_of(site) and not ours.hears_readings_of(site)
