"""What an ingester knows by heart of its sensors, so that a quiet reading asks nothing.

Safe because every writer of a sensor's readings or runs either is the holder of the partition
that remembers it, in a transaction that keeps everybody else from that partition's row, or has
locked that row and left word in `forgotten` (`watch.holder`). It is thrown away whenever a
transaction fails.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from traceapp.capture.prolong import Outside, outside_of
from traceapp.capture.standing import Standing
from traceapp.models.base import microseconds
from traceapp.models.excursion import Run
from traceapp.models.forgotten import Forgotten
from traceapp.models.sensor import Sensor
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.quiet import Last, terms_of
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post, sensors_of
from traceapp.watch.sample import newest_of_all
from traceapp.watch.unchanged import unchanged_since


class Memory(Standing):
    """Where sensors stand, kept true to the database by the one process that may know."""

    def clear(self) -> None:
        """Forget everything, and tell nobody yet."""
        super().clear()
        self._is_told = False

    def refresh(self, session: Session) -> bool:
        """Forget what others wrote; False where no partition is ours and nothing may be known.

        To be called first in a transaction of the partition's holder (`capture.lease.hold`).
        """
        partition_id = session.info.get("partition_id")
        if partition_id is None:
            return False
        mine = delete(Forgotten).where(Forgotten.partition_id == partition_id)
        for sensor_id in session.execute(mine.returning(Forgotten.sensor_id)).scalars():
            self.forget(sensor_id)
        if not self._is_told:  # What we remembered before, nobody needs to tell us of.
            mine_still = update(Sensor).where(Sensor.remembered_by == partition_id)
            session.execute(mine_still.values(remembered_by=None))
            self._is_told = True
        return True

    def learn(
        self,
        session: Session,
        posts: Mapping[int, Sequence[Post]],
        newest: Mapping[int, Sample],
        names: Mapping[int, bytes],
        since: Mapping[int, datetime],
    ) -> None:
        """Note where sensors stand after they were judged; `newest` is each one's last usable.

        A sensor of which other things run than `capture.prolong` knows, or which nobody expects,
        is looked up every time, and so is one beside which a value stays. `since` is when they
        began to say the same value, where that is known.
        """
        partition_id = session.info.get("partition_id")
        if partition_id is None or not names:
            return
        running = _running(session, list(names))
        of_all = newest_of_all(session, list(names))
        learned: list[int] = []
        known_before = [sensor_id for sensor_id in names if self.knows(sensor_id)]
        beside = self._forget_beside(session, posts, names)
        for sensor_id, name in names.items():
            self.forget(sensor_id)
            last = newest.get(sensor_id)
            held = posts.get(sensor_id, ())
            if last is None or of_all.get(sensor_id) != last.at:
                continue
            if not held or any(last.at <= until for until in beside.get(sensor_id, ())):
                continue
            stands = since.get(sensor_id) or unchanged_since(session, held[-1], last)
            outside = outside_of(held[-1], microseconds(last.at), running.get(sensor_id, ()))
            if outside and self._learn(name, held, last, stands, outside):
                learned.append(sensor_id)
        _claim(session, learned, partition_id)
        self.let_go(session, set(known_before) - set(learned))

    def let_go(self, session: Session, sensor_ids: Collection[int]) -> None:
        """Forget sensors, and say so: whoever notices silence looks them up again."""
        for sensor_id in sensor_ids:
            self.forget(sensor_id)
        if sensor_ids:
            mine: Any = update(Sensor).where(
                among(session, Sensor.id, sensor_ids),
                Sensor.remembered_by == session.info.get("partition_id"),
            )
            session.execute(
                mine.values(remembered_by=None).execution_options(synchronize_session=False)
            )

    def _forget_beside(
        self, session: Session, posts: Mapping[int, Sequence[Post]], names: Collection[int]
    ) -> dict[int, list[datetime]]:
        """Forget the sensors beside those whose value stays.

        Returns, by sensor, until when a value beside it stayed: what it says by then is looked at.
        """
        units = {posts[sensor_id][-1].unit_id for sensor_id in names if posts.get(sensor_id)}
        beside: dict[int, list[datetime]] = {}
        for stuck_id, unit_id, heard_at, ended_at in _staying(session, units):
            for sensor_id in sensors_of(session, [unit_id]) - {stuck_id}:
                until = heard_at if ended_at else END_OF_TIME
                beside.setdefault(sensor_id, []).append(until)
        self.let_go(session, [sensor_id for sensor_id in beside if self.knows(sensor_id)])
        return beside

    def _learn(
        self, name: bytes, posts: Sequence[Post], last: Sample, since: datetime, outside: Outside
    ) -> bool:
        post = posts[-1]
        if post.until_at != END_OF_TIME or not post.covers(last.at):
            return False
        terms = terms_of(post.profile, post.pace, {run.rule.code for run in outside.runs})
        if terms is None:
            return False
        at, stands = microseconds(last.at), microseconds(since)
        stood = Last(at, last.celsius, last.seq, hash(last.boot), stands)
        return self.stand_at(name, terms, microseconds(post.from_at), stood, outside)


def _running(session: Session, sensor_ids: list[int]) -> dict[int, list[Any]]:
    """What runs of these sensors, as rows."""
    columns = ("id", "sensor_id", "unit_id", "rule", "profile", "started_at", "heard_at",
               "triggered_at", "peak_celsius")  # fmt: skip
    rows = session.execute(
        select(*(getattr(Run, name) for name in columns)).where(
            among(session, Run.sensor_id, sensor_ids), Run.ended_at.is_(None)
        )
    )
    running: dict[int, list[Any]] = {}
    for row in rows:
        running.setdefault(row.sensor_id, []).append(row)
    return running


def _staying(session: Session, unit_ids: Collection[int]) -> Sequence[Any]:
    """The stretches in these units in which a value stayed: few, and in most units none."""
    if not unit_ids:
        return ()
    return session.execute(
        select(Run.sensor_id, Run.unit_id, Run.heard_at, Run.ended_at).where(
            among(session, Run.unit_id, list(unit_ids)), Run.rule == "stuck"
        )
    ).all()


def _claim(session: Session, sensor_ids: list[int], partition_id: int) -> None:
    if not sensor_ids:
        return
    claim: Any = update(Sensor).where(
        among(session, Sensor.id, sensor_ids), Sensor.remembered_by.is_distinct_from(partition_id)
    )
    session.execute(
        claim.values(remembered_by=partition_id).execution_options(synchronize_session=False)
    )
