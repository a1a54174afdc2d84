"""What an ingester knows by heart of its sensors, so that a quiet reading asks nothing.

Of a sensor that is too warm or too cold it knows what runs as well (`capture.prolong`).

Safe because every writer of a sensor's readings or runs either is the holder of the partition
that remembers it, in a transaction that keeps everybody else from that partition's row, or has
locked that row and left word in `forgotten` (`watch.holder`). It is thrown away whenever a
transaction fails.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from traceapp.capture.prolong import Outside, outside_of
from traceapp.db import among
from traceapp.models.base import microseconds
from traceapp.models.excursion import Run
from traceapp.models.forgotten import Forgotten
from traceapp.models.sensor import Sensor
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.quiet import Last, Measured, Terms, follow, terms_of
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post, sensors_of
from traceapp.watch.sample import newest_of_all
from traceapp.watch.unchanged import unchanged_since

#: About 200 bytes each: whoever comes after these is looked up every time, and judged as well.
MOST_SENSORS = 1_000_000
#: Room is made for so many more at once: a little each time would leave holes behind.
_STEP = 65_536
_MINUTE = 60_000_000
_UNKNOWN = 2**63 - 1
_NO_NUMBER = -(2**63)


#: Of so many sensors we know what runs at the same time, about 1,000 bytes each.
_MOST_OUTSIDE = 50_000

#: Quiet readings of one message: their sensor, their moments in microseconds since 1970, and they.
Quiet = tuple[int, Sequence[int], Sequence[Measured]]


class Memory:
    """The newest reading of each sensor of which nothing runs, and the terms it stands under."""

    def __init__(self, most: int = MOST_SENSORS) -> None:
        self._most = most
        self.names: dict[bytes, int] = {}
        """The sensor's id by the topic that it speaks on."""
        self._terms: list[Terms] = []
        self._forget_all()

    def _forget_all(self) -> None:
        self._at, self._celsius, self._since = array("q"), array("d"), array("q")
        self._seq, self._boot, self._kind = array("q"), array("q"), array("i")
        self._from_minute = array("i")
        self._outside: dict[int, Outside] = {}
        self._prolonged: dict[int, Outside] = {}
        self.known = 0
        self._is_told = False

    def __len__(self) -> int:
        return self.known

    def clear(self) -> None:
        """Forget everything: a transaction failed, and what it did is not known."""
        self._forget_all()

    def knows(self, sensor_id: int) -> bool:
        """Whether we know where a sensor stands."""
        return sensor_id < len(self._at) and self._at[sensor_id] != _UNKNOWN

    def forget(self, sensor_id: int) -> None:
        """Know nothing of a sensor any more."""
        if self.knows(sensor_id):
            self._at[sensor_id] = _UNKNOWN
            self._outside.pop(sensor_id, None)
            self.known -= 1

    def stays(self, sensor_id: int, fresh: Sequence[Sample], undisturbed: Collection[int]) -> bool:
        """Whether what we know of a sensor is so still, after readings that it stored by itself.

        It is where there were none, or where they came late and changed nothing.
        """
        if not self.knows(sensor_id) or (fresh and sensor_id not in undisturbed):
            return False
        for sample in fresh:
            self.note_late(sensor_id, microseconds(sample.at), sample.celsius)
        return True

    def take(
        self, sensor_id: int, moments: Sequence[int], readings: Sequence[Measured], now: int
    ) -> bool:
        """Whether readings of one message are all quiet; the last one is the newest then.

        `moments` are those of the readings, and `now` is when they were heard, both in
        microseconds since 1970. False where anything must be looked up or judged.
        """
        if sensor_id >= len(self._at) or self._at[sensor_id] == _UNKNOWN:  # The hottest lines.
            return False
        number = self._seq[sensor_id]
        last = (
            self._at[sensor_id],
            self._celsius[sensor_id],
            None if number == _NO_NUMBER else number,
            self._boot[sensor_id],
            self._since[sensor_id],
        )
        terms = self._terms[self._kind[sensor_id]]
        newest = follow(terms, last, moments, readings, now)
        if newest is None or (terms.running and not self._goes_on(sensor_id, newest[0], readings)):
            return False
        self._note(sensor_id, newest)
        return True

    def _goes_on(self, sensor_id: int, newest_at: int, readings: Sequence[Measured]) -> bool:
        """Whether what runs of a sensor merely goes on until these quiet readings."""
        outside = self._outside[sensor_id]
        if newest_at >= outside.until:
            return False
        outside.hear(newest_at, readings)
        self._prolonged[sensor_id] = outside
        return True

    def is_late(self, sensor_id: int, moment: int) -> bool:
        """Whether a reading at that moment comes after a newer one, of a sensor that is well."""
        if not self.knows(sensor_id) or moment >= self._at[sensor_id]:
            return False
        return not self._terms[self._kind[sensor_id]].running

    def stand(self, sensor_id: int) -> tuple[Terms, int]:
        """The terms that a sensor stands under, and since when, in microseconds since 1970."""
        return self._terms[self._kind[sensor_id]], self._from_minute[sensor_id] * _MINUTE

    def note_late(self, sensor_id: int, moment: int, celsius: float) -> None:
        """Note a late reading that changed nothing.

        The newest value may have been said for longer than we thought.
        """
        if celsius == self._celsius[sensor_id]:
            self._since[sensor_id] = min(self._since[sensor_id], moment)

    def prolonged(self) -> Collection[Outside]:
        """What went on since this was asked last, to be written in this transaction."""
        prolonged, self._prolonged = self._prolonged, {}
        return prolonged.values()

    def _note(self, sensor_id: int, last: tuple[int, float, int | None, int, int]) -> None:
        at, celsius, number, boot, since = last
        self._at[sensor_id], self._celsius[sensor_id] = at, celsius
        self._seq[sensor_id] = _NO_NUMBER if number is None else number
        self._boot[sensor_id], self._since[sensor_id] = boot, since

    # ---- with the database

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
        sensor_id, post = outside.sensor_id, posts[-1]
        if post.until_at != END_OF_TIME or not post.covers(last.at):
            return False
        terms = terms_of(post.profile, post.pace, {run.rule.code for run in outside.runs})
        if terms is None or last.seq == _NO_NUMBER or not self._has_room(sensor_id, name):
            return False
        if outside.runs:
            if len(self._outside) >= _MOST_OUTSIDE:
                return False
            self._outside[sensor_id] = outside
        if terms not in self._terms:
            self._terms.append(terms)
        self._kind[sensor_id] = self._terms.index(terms)
        self._from_minute[sensor_id] = max(-(-microseconds(post.from_at) // _MINUTE), -(2**31))
        self.names[name] = sensor_id
        self.known += 1
        at, stands = microseconds(last.at), microseconds(since)
        self._note(sensor_id, Last(at, last.celsius, last.seq, hash(last.boot), stands))
        return True

    def _has_room(self, sensor_id: int, name: bytes) -> bool:
        """Make room up to that id; False for one sensor too many."""
        if sensor_id > 2 * self._most or (name not in self.names and len(self.names) >= self._most):
            return False
        if sensor_id >= len(self._at):
            missing = (sensor_id // _STEP + 1) * _STEP - len(self._at)
            for numbers in (self._celsius, self._seq, self._boot, self._kind, self._since,
                            self._from_minute):  # fmt: skip
                numbers.frombytes(bytes(numbers.itemsize * missing))
            self._at.extend([_UNKNOWN] * missing)
        return True

    def silent_by(self, now: int) -> Iterator[int]:
        """The sensors that have been silent for longer than their terms allow."""
        if not self._terms:
            return
        eldest = now - min(terms.silence for terms in self._terms)
        for sensor_id, at in enumerate(self._at):
            if at < eldest and at < now - self._terms[self._kind[sensor_id]].silence:
                yield sensor_id


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
