"""Where sensors stand that an ingester knows by heart: arrays, and no database.

Of a sensor that is too warm or too cold it knows what runs as well (`capture.prolong`).
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence

from traceapp.capture.prolong import Outside
from traceapp.capture.topics import Topics
from traceapp.models.base import microseconds
from traceapp.rules.quiet import Last, Measured, Terms, follow
from traceapp.rules.sample import Sample

#: About 170 bytes each: whoever comes after these is looked up every time, and judged as well.
MOST_SENSORS = 1_000_000
#: Of so many sensors we know what runs at the same time, about 1,000 bytes each.
_MOST_OUTSIDE = 50_000
#: Room is made for so many more at once: a little each time would leave holes behind.
_STEP = 65_536
_MINUTE = 60_000_000
_UNKNOWN = 2**63 - 1
_NO_NUMBER = -(2**63)

#: Quiet readings of one message: their sensor, their moments in microseconds since 1970, and they.
Quiet = tuple[int, Sequence[int], Sequence[Measured]]


class Standing:
    """The newest reading of each sensor, the terms it stands under, and what of it runs."""

    def __init__(self, most: int = MOST_SENSORS) -> None:
        self._most = most
        self.names = Topics()
        """The sensor's id by the topic that it speaks on."""
        self._terms: list[Terms] = []
        self.clear()

    def clear(self) -> None:
        """Forget everything: a transaction failed, and what it did is not known."""
        self._at, self._celsius, self._since = array("q"), array("d"), array("q")
        self._seq, self._boot, self._kind = array("q"), array("q"), array("i")
        self._from_minute = array("i")
        self._outside: dict[int, Outside] = {}
        self._prolonged: dict[int, Outside] = {}
        self.known = 0

    def __len__(self) -> int:
        return self.known

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

    def stand_at(
        self, name: bytes, terms: Terms, from_at: int, last: Last, outside: Outside
    ) -> bool:
        """Know a sensor from now on, under these terms since `from_at`; False for one too many."""
        sensor_id = outside.sensor_id
        if last.seq == _NO_NUMBER or not self._has_room(sensor_id, name):
            return False
        if outside.runs:
            if len(self._outside) >= _MOST_OUTSIDE:
                return False
            self._outside[sensor_id] = outside
        if terms not in self._terms:
            self._terms.append(terms)
        self._kind[sensor_id] = self._terms.index(terms)
        self._from_minute[sensor_id] = max(-(-from_at // _MINUTE), -(2**31))
        self.names[name] = sensor_id
        self.known += 1
        self._note(sensor_id, last)
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
