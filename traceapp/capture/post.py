"""Where a sensor stood and which rules held there, from when until when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.unit import Unit, UnitProfile
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.judging import Pace
from traceapp.rules.profile import PROFILES, Profile

START_OF_TIME = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Post:
    """A sensor in one unit under one profile during [from_at, until_at).

    It was attached to the unit at `attached_at`, perhaps under another profile.
    """

    sensor_id: int
    unit_id: int
    pace: Pace
    profile: Profile
    from_at: datetime
    until_at: datetime
    attached_at: datetime

    def covers(self, moment: datetime) -> bool:
        return self.from_at <= moment < self.until_at


def load_posts(session: Session, sensor_ids: Collection[int]) -> dict[int, list[Post]]:
    """The posts of registered sensors, by sensor and then in time.

    Locks their units until the transaction ends: two processes that judge the same unit
    would otherwise each miss what the other is writing.
    """
    rows = _attachments(session, sensor_ids)
    if not rows:
        return {}
    unit_ids = _lock_units_of(session, sensor_ids, rows)
    profiles = _profiles(session, unit_ids)
    posts: dict[int, list[Post]] = {}
    for sensor_id, interval_s, silence_s, unit_id, attached, detached_at in rows:
        pace = Pace.of(interval_s, silence_s)
        attached_at = attached or START_OF_TIME
        for held in profiles.get(unit_id, []):
            from_at = max(attached_at, held.from_at)
            until_at = min(detached_at or END_OF_TIME, held.until_at)
            if from_at < until_at:
                post = Post(sensor_id, unit_id, pace, held.profile, from_at, until_at, attached_at)
                posts.setdefault(sensor_id, []).append(post)
    for held_posts in posts.values():
        held_posts.sort(key=lambda post: post.from_at)
    return posts


def lock_units(session: Session, unit_ids: Collection[int]) -> None:
    """Hold the units until the transaction ends, always in the same order."""
    session.execute(
        select(Unit.id)
        .where(Unit.id.in_(unit_ids))
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
                Attachment.unit_id,
                Attachment.from_at,
                Attachment.until_at,
            )
            .join(Attachment, Attachment.sensor_id == Sensor.id)
            .where(Sensor.id.in_(sensor_ids), Sensor.is_registered)
        ).all()
    )


def _lock_units_of(session: Session, sensor_ids: Collection[int], rows: list[Any]) -> list[int]:
    """Lock the units of the attachments in `rows`, brought up to date while we waited."""
    while True:
        unit_ids = sorted({row.unit_id for row in rows})
        lock_units(session, unit_ids)
        if session.get_bind().dialect.name == "sqlite":  # Nobody else can have written.
            return unit_ids
        again = _attachments(session, sensor_ids)
        is_same = sorted({row.unit_id for row in again}) == unit_ids
        rows[:] = again
        if is_same:
            return unit_ids


class _Held(NamedTuple):
    """A profile that held for a unit during [from_at, until_at)."""

    profile: Profile
    from_at: datetime
    until_at: datetime


def _profiles(session: Session, unit_ids: Collection[int]) -> dict[int, list[_Held]]:
    rows = session.execute(
        select(
            UnitProfile.unit_id, UnitProfile.profile, UnitProfile.from_at, UnitProfile.until_at
        ).where(UnitProfile.unit_id.in_(unit_ids))
    )
    profiles: dict[int, list[_Held]] = {}
    for unit_id, name, from_at, until_at in rows:
        held = _Held(PROFILES[name], from_at or START_OF_TIME, until_at or END_OF_TIME)
        profiles.setdefault(unit_id, []).append(held)
    return profiles
