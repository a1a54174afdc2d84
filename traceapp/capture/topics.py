"""Which sensor speaks on which topic, for a million of them in 65 MiB.

A dictionary of as many takes 150 MiB: each of them, and each number, is an object of its own.
"""

from __future__ import annotations

from array import array
from itertools import pairwise

_FEWEST_SLOTS = 1_024


class Topics:
    """Sensors' ids by topic: a table of slots, open addressing, over one long row of bytes.

    A slot holds the number of an entry, from 1 on, or 0. The topic of an entry lies in the row
    between its end and that of the entry before. No topic is ever taken out.
    """

    def __init__(self) -> None:
        self._slots = array("i", bytes(4 * _FEWEST_SLOTS))
        self._row = bytearray()
        self._ends = array("Q", [0])
        self._sensor_ids = array("i", [0])

    def __len__(self) -> int:
        return len(self._sensor_ids) - 1

    def __contains__(self, topic: bytes) -> bool:
        return self.get(topic) is not None

    def __getitem__(self, topic: bytes) -> int:
        sensor_id = self.get(topic)
        if sensor_id is None:
            raise KeyError(topic)
        return sensor_id

    def get(self, topic: bytes) -> int | None:
        """The id of the sensor that speaks on a topic, where that is known."""
        entry = self._slots[self._slot_of(topic)]
        return self._sensor_ids[entry] if entry else None

    def __setitem__(self, topic: bytes, sensor_id: int) -> None:
        slot = self._slot_of(topic)
        if entry := self._slots[slot]:
            self._sensor_ids[entry] = sensor_id
            return
        self._row += topic
        self._ends.append(len(self._row))
        self._sensor_ids.append(sensor_id)
        self._slots[slot] = len(self)
        if 2 * len(self) > len(self._slots):
            self._double()

    def _slot_of(self, topic: bytes) -> int:
        """Where a topic is, or where it would be."""
        slots, mask = self._slots, len(self._slots) - 1
        slot = hash(topic) & mask
        while entry := slots[slot]:
            if self._row[self._ends[entry - 1] : self._ends[entry]] == topic:
                return slot
            slot = slot + 1 & mask
        return slot

    def _double(self) -> None:
        self._slots = array("i", bytes(8 * len(self._slots)))
        mask = len(self._slots) - 1
        row = bytes(self._row)
        for entry, (start, end) in enumerate(pairwise(self._ends), 1):
            slot = hash(row[start:end]) & mask
            while self._slots[slot]:
                slot = slot + 1 & mask
            self._slots[slot] = entry
