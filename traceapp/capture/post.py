"""Where a sensor stood and which rules held there, from when until when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

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
    """A sensor in one unit under one profile during [from_at, until_at)."""

    sensor_id: int
    unit_id: int
    pace: Pace
    profile: Profile
    from_at: datetime
    until_at: datetime

    def covers(self, moment: datetime) -> bool:
        return self.from_at <= moment < self.until_at


def load_posts(session: Session, sensor_ids: Collection[int]) -> dict[int, list[Post]]:
    """The posts of registered sensors, by sensor and then in time.

    Locks their units until the transaction ends: two processes that judge the same unit
    would otherwise each miss what the other is writing.
    """
    rows = session.execute(
        select(Sensor, Attachment)
        .join(Attachment, Attachment.sensor_id == Sensor.id)
        .where(Sensor.id.in_(sensor_ids), Sensor.is_registered)
    ).all()
    unit_ids = sorted({attachment.unit_id for _, attachment in rows})
    if not unit_ids:
        return {}
    lock_units(session, unit_ids)
    profiles = _profiles(session, unit_ids)
    posts: dict[int, list[Post]] = {}
    for sensor, attachment in rows:
        pace = Pace.of(sensor.interval_s, sensor.silence_s)
        for held in profiles.get(attachment.unit_id, []):
            from_at = max(attachment.from_at or START_OF_TIME, held.from_at or START_OF_TIME)
            until_at = min(attachment.until_at or END_OF_TIME, held.until_at or END_OF_TIME)
            if from_at < until_at:
                post = Post(
                    sensor.id, attachment.unit_id, pace, PROFILES[held.profile], from_at, until_at
                )
                posts.setdefault(sensor.id, []).append(post)
    for held_posts in posts.values():
        held_posts.sort(key=lambda post: post.from_at)
    return posts


def lock_units(session: Session, unit_ids: Collection[int]) -> None:
    """Hold the units until the transaction ends, always in the same order."""
    session.execute(
        select(Unit.id).where(Unit.id.in_(unit_ids)).order_by(Unit.id).with_for_update()
    ).all()


def _profiles(session: Session, unit_ids: Collection[int]) -> dict[int, list[UnitProfile]]:
    held: dict[int, list[UnitProfile]] = {}
    for row in session.scalars(select(UnitProfile).where(UnitProfile.unit_id.in_(unit_ids))):
        held.setdefault(row.unit_id, []).append(row)
    return held
