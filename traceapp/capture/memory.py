"""What an ingester knows by heart of its sensors, so that a quiet reading asks nothing.

Safe because every writer of a sensor's readings or runs either is the holder of the partition
that remembers it, in a transaction that keeps everybody else from that partition's row, or has
locked that row and left word in `forgotten` (`watch.holder`). It is thrown away whenever a
transaction fails.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from schemas.reading import Reading
from traceapp.db import among
from traceapp.models.base import microseconds
from traceapp.models.excursion import Run
from traceapp.models.forgotten import Forgotten
from traceapp.models.sensor import Sensor
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.quiet import Last, Terms, is_quiet, terms_of
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post
from traceapp.watch.sample import newest_of_all

#: About 200 bytes each: whoever comes after these is looked up every time, and judged as well.
MOST_SENSORS = 1_000_000
_MICROSECOND = timedelta(microseconds=1)
_UNKNOWN = 2**63 - 1
_NO_NUMBER = -(2**63)


class Row(NamedTuple):
    """A quiet reading: its sensor, its moment in microseconds since 1970, what it says."""

    sensor_id: int
    at: int
    reading: Reading


class Memory:
    """The newest reading of each sensor of which nothing runs, and the terms it stands under."""

    def __init__(self, most: int = MOST_SENSORS) -> None:
        self._most = most
        self.names: dict[bytes, int] = {}
        """The sensor's id by the topic that it speaks on."""
        self._terms: list[Terms] = []
        self._forget_all()

    def _forget_all(self) -> None:
        self._at, self._celsius = array("q"), array("d")
        self._seq, self._boot, self._kind = array("q"), array("q"), array("i")
        self.known = 0
        self._is_told = False

    def __len__(self) -> int:
        return self.known

    def clear(self) -> None:
        """Forget everything: a transaction failed, and what it did is not known."""
        self._forget_all()

    def forget(self, sensor_id: int) -> None:
        """Know nothing of a sensor any more."""
        if sensor_id < len(self._at) and self._at[sensor_id] != _UNKNOWN:
            self._at[sensor_id] = _UNKNOWN
            self.known -= 1

    def take(self, sensor_id: int, readings: Sequence[Reading], now: int) -> list[Row] | None:
        """Readings of one message as rows when all are quiet, and then the last one is the newest.

        `now` is in microseconds since 1970. None where anything must be looked up or judged.
        """
        if sensor_id >= len(self._at) or self._at[sensor_id] == _UNKNOWN:
            return None
        number = self._seq[sensor_id]
        last = Last(
            self._at[sensor_id],
            self._celsius[sensor_id],
            None if number == _NO_NUMBER else number,
            self._boot[sensor_id],
        )
        terms, rows = self._terms[self._kind[sensor_id]], []
        for reading in readings:
            at = microseconds(reading.at)
            if not is_quiet(terms, last, at, reading, now):
                return None
            rows.append(Row(sensor_id, at, reading))
            last = Last(at, reading.celsius, reading.seq, hash(reading.boot))
        self._note(sensor_id, last)
        return rows

    def _note(self, sensor_id: int, last: Last) -> None:
        self._at[sensor_id], self._celsius[sensor_id], number, self._boot[sensor_id] = last
        self._seq[sensor_id] = _NO_NUMBER if number is None else number

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
    ) -> None:
        """Note where sensors stand after they were judged; `newest` is each one's last usable.

        A sensor of which something runs, or which nobody expects, is looked up every time.
        """
        partition_id = session.info.get("partition_id")
        if partition_id is None or not names:
            return
        running = set(_running(session, list(names)))
        of_all = newest_of_all(session, list(names))
        learned = []
        for sensor_id, name in names.items():
            self.forget(sensor_id)
            last = newest.get(sensor_id)
            if sensor_id in running or last is None or of_all.get(sensor_id) != last.at:
                continue
            if self._learn(sensor_id, name, posts.get(sensor_id, ()), last):
                learned.append(sensor_id)
        _claim(session, learned, partition_id)

    def _learn(self, sensor_id: int, name: bytes, posts: Sequence[Post], last: Sample) -> bool:
        if not posts or posts[-1].until_at != END_OF_TIME or not posts[-1].covers(last.at):
            return False
        terms = terms_of(posts[-1].profile, posts[-1].pace)
        if terms is None or last.seq == _NO_NUMBER or not self._has_room(sensor_id, name):
            return False
        if terms not in self._terms:
            self._terms.append(terms)
        self._kind[sensor_id] = self._terms.index(terms)
        self.names[name] = sensor_id
        self.known += 1
        self._note(sensor_id, Last(microseconds(last.at), last.celsius, last.seq, hash(last.boot)))
        return True

    def _has_room(self, sensor_id: int, name: bytes) -> bool:
        """Make room up to that id; False for one sensor too many."""
        if sensor_id > 2 * self._most or (name not in self.names and len(self.names) >= self._most):
            return False
        missing = sensor_id + 1 - len(self._at)
        if missing > 0:
            for numbers in (self._celsius, self._seq, self._boot, self._kind):
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


def _running(session: Session, sensor_ids: list[int]) -> Sequence[int]:
    return session.scalars(
        select(Run.sensor_id).where(
            among(session, Run.sensor_id, sensor_ids), Run.ended_at.is_(None)
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
