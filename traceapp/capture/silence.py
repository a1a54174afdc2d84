"""Noticing silence: it must open while nothing arrives, by the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.judging import judge_silence
from traceapp.db import among
from traceapp.models.excursion import Run
from traceapp.models.sensor import Attachment, Sensor
from traceapp.models.site import Site
from traceapp.models.unit import Unit
from traceapp.rules.judging import Pace
from traceapp.watch.post import load_posts
from traceapp.watch.sample import newest_at


def notice_silence(
    session: Session, now: datetime, is_theirs: Callable[[str], bool] | None = None
) -> int:
    """Open an episode for every sensor that has been silent too long; returns how many.

    Sensors at sites of which `is_theirs` holds are left to whoever hears them.
    """
    late = _silent_sensors(session, now)
    if is_theirs and late:
        late = _leave_out(session, late, now, is_theirs)
    posts = load_posts(session, late)
    current = [post for held in posts.values() for post in held if post.covers(now)]
    return judge_silence(session, current, now)


def _silent_sensors(session: Session, now: datetime) -> list[int]:
    is_noticed = (
        select(Run.id)
        .where(Run.sensor_id == Sensor.id, Run.rule == "silence", Run.ended_at.is_(None))
        .exists()
    )
    rows: Sequence[Any] = session.execute(
        select(Sensor.id, Sensor.interval_s, Sensor.silence_s, newest_at()).where(
            Sensor.is_registered, ~is_noticed
        )
    ).all()
    return [
        sensor_id
        for sensor_id, interval_s, silence_s, heard_at in rows
        if heard_at and now - heard_at > Pace.of(interval_s, silence_s).silence
    ]


def _leave_out(
    session: Session, sensor_ids: Collection[int], now: datetime, is_theirs: Callable[[str], bool]
) -> list[int]:
    """The sensors that do not stand at a site of somebody else's now."""
    standing = (
        select(Attachment.sensor_id, Site.code)
        .join(Unit, Unit.id == Attachment.unit_id)
        .join(Site, Site.id == Unit.site_id)
        .where(
            among(session, Attachment.sensor_id, sensor_ids),
            Attachment.from_at.is_(None) | (Attachment.from_at <= now),
            Attachment.until_at.is_(None) | (Attachment.until_at > now),
        )
    )
    return [sensor_id for sensor_id, site in session.execute(standing) if not is_theirs(site)]
