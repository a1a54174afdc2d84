"""Where a sensor stood and which rules held there, from when until when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.judging import Pace, Watch
from traceapp.rules.profile import Profile
from traceapp.rules.run import Run
from traceapp.rules.sample import Sample
from traceapp.watch.holder import lock_holders, tell_holders
from traceapp.watch.profile import START_OF_TIME, counting_journeys, load_profiles


@dataclass(frozen=True, slots=True)
class Post:
    """A sensor in one unit under one profile during [from_at, until_at).

    It was attached to the unit at `attached_at`, perhaps under another profile. `departures` are
    the moments at which a journey of the unit began, where a rule counts them.
    """

    sensor_id: int
    unit_id: int
    pace: Pace
    profile: Profile
    from_at: datetime
    until_at: datetime
    attached_at: datetime = START_OF_TIME
    departures: tuple[datetime, ...] = ()

    def covers(self, moment: datetime) -> bool:
        return self.from_at <= moment < self.until_at

    def watch(self, last: Sample | None = None, running: Collection[Run] = ()) -> Watch:
        """The fold of this post, to go on after `last` with what is `running`."""
        is_here = last is not None and last.at >= self.attached_at
        return Watch(
            self.profile,
            self.pace,
            last if is_here else None,
            running,
            self.departures,
            since=self.from_at,
            # A sensor that came from another unit counts as heard when it came.
            heard_at=None if last is None else max(last.at, self.attached_at),
        )


def load_posts(
    session: Session,
    sensor_ids: Collection[int],
    *,
    is_judging: bool = True,
    is_remembering: bool = False,
) -> dict[int, list[Post]]:
    """The posts of registered sensors, by sensor and then in time.

    For judging, their units are locked until the transaction ends: two processes that judge
    the same unit would otherwise each miss what the other is writing. Who remembers the sensors
    is told to look them up again, but not the caller `is_remembering` them itself.
    """
    rows = _attachments(session, sensor_ids)
    if is_judging and rows:
        mine = session.info.get("partition_id") if is_remembering else None
        rows = _lock_units_of(session, sensor_ids, rows, mine)
        told = {row.id for row in rows if row.remembered_by not in (None, mine)}
        if told:
            tell_holders(session, told)
    unit_ids = {row.unit_id for row in rows}
    profiles = load_profiles(session, unit_ids) if rows else {}
    counting = counting_journeys(profiles)
    departures = _departures(session, counting) if counting else {}
    posts: dict[int, list[Post]] = {}
    for sensor_id, interval_s, silence_s, _, unit_id, attached, detached_at in rows:
        pace = Pace.of(interval_s, silence_s)
        attached_at = attached or START_OF_TIME
        for profile, held_from, held_until in profiles.get(unit_id, []):
            from_at = max(attached_at, held_from)
            until_at = min(detached_at or END_OF_TIME, held_until)
            if from_at < until_at:
                post = Post(sensor_id, unit_id, pace, profile, from_at, until_at, attached_at)
                if unit_id in departures:
                    post = replace(post, departures=departures[unit_id])
                posts.setdefault(sensor_id, []).append(post)
    for held_posts in posts.values():
        held_posts.sort(key=lambda post: post.from_at)
    return posts


def sensors_of(session: Session, unit_ids: Collection[int]) -> set[int]:
    """All sensors that ever stood in these units."""
    wanted = select(Attachment.sensor_id).where(Attachment.unit_id.in_(unit_ids))
    return set(session.scalars(wanted))


def lock_units(session: Session, unit_ids: Collection[int]) -> None:
    """Hold units until the transaction ends, and before them who remembers their sensors."""
    remembering = (
        select(Sensor.remembered_by)
        .join(Attachment, Attachment.sensor_id == Sensor.id)
        .where(Attachment.unit_id.in_(unit_ids), Sensor.remembered_by.is_not(None))
    )
    lock_holders(session, {number for number in session.scalars(remembering) if number})
    lock_units_alone(session, unit_ids)


def lock_units_alone(session: Session, unit_ids: Collection[int]) -> None:
    """Hold the units themselves, always in the same order: for who holds their sensors already."""
    session.execute(
        select(Unit.id)
        .where(among(session, Unit.id, unit_ids))
        .order_by(Unit.id)
        .with_for_update(key_share=True)
    ).all()


def _attachments(session: Session, sensor_ids: Collection[int]) -> list[Any]:
    return list(
        session.execute(
            select(
                Sensor.id,
                Sensor.interval_s,
                Sensor.silence_s,
                Sensor.remembered_by,
                Attachment.unit_id,
                Attachment.from_at,
                Attachment.until_at,
            )
            .join(Attachment, Attachment.sensor_id == Sensor.id)
            .where(among(session, Sensor.id, sensor_ids), Sensor.is_registered)
        ).all()
    )


def _lock_units_of(
    session: Session, sensor_ids: Collection[int], rows: list[Any], mine: int | None
) -> list[Any]:
    """Lock the units of attachments, and before them who remembers the sensors, except `mine`.

    Returns the attachments as they are once we hold them.
    """
    while True:
        held = _touched(rows, mine)
        lock_holders(session, held[0])
        lock_units_alone(session, held[1])
        if not is_postgresql(session):  # Nobody else can have written.
            return rows
        rows = _attachments(session, sensor_ids)
        if all(now <= before for now, before in zip(_touched(rows, mine), held, strict=True)):
            return rows


def _touched(rows: list[Any], mine: int | None) -> tuple[set[int], set[int]]:
    """The partitions whose holders remember the sensors, and the units that they stood in."""
    partitions = {row.remembered_by for row in rows} - {None, mine}
    return partitions, {row.unit_id for row in rows}


def _departures(session: Session, unit_ids: Collection[int]) -> dict[int, tuple[datetime, ...]]:
    """When each unit set off with vaccine: shipments that overlap are one journey."""
    rows = session.execute(
        select(Stay.unit_id, Stay.from_at, Stay.until_at)
        .where(Stay.unit_id.in_(unit_ids), Stay.shipment_id.is_not(None))
        .order_by(Stay.from_at)
    )
    begun: dict[int, list[datetime]] = {}
    loaded_until: dict[int, datetime] = {}
    for unit_id, from_at, until_at in rows:
        if from_at > loaded_until.get(unit_id, START_OF_TIME):
            begun.setdefault(unit_id, []).append(from_at)
        until = until_at or END_OF_TIME
        loaded_until[unit_id] = max(until, loaded_until.get(unit_id, START_OF_TIME))
    return {unit_id: tuple(moments) for unit_id, moments in begun.items()}
