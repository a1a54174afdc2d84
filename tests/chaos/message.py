"""What a publisher sends: batches in order, and what comes late, twice, in conflict or broken."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.plan import Plan
from tests.chaos.series import Reading, measure

ROOT = "coldchain/v1"


@dataclass(slots=True)
class Message:
    """One message: what it says, and how it must be answered."""

    wave: int
    index: int
    sensor: str
    topic: str
    payload: bytes
    readings: list[Reading] = field(default_factory=list)
    """The good ones: stored or repeated when it is answered."""
    conflicts: list[Reading] = field(default_factory=list)
    refused: list[tuple[str, bytes]] = field(default_factory=list)
    """The bad ones, each with its reason and its own bytes, as they must be kept."""
    after: int | None = None
    """The message that must have been answered before this one is sent."""

    @property
    def ref(self) -> str:
        return f"{self.wave}-{self.index}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()


class Writer:
    """Writes the messages of one wave; the same plan gives the same bytes after a kill."""

    def __init__(self, plan: Plan, source: str, wave: int) -> None:
        self._plan, self._source, self._wave = plan, source, wave
        self._dice = random.Random(f"{plan.seed}/{source}/{wave}")
        self._messages: list[Message] = []
        self._later: list[tuple[int, str, list[Reading], int | None]] = []

    def write(self) -> list[Message]:
        """Return the messages of the wave in the order in which they are first sent."""
        series = {code: list(readings) for code, readings in self._series().items()}
        while any(series.values()):
            self._say_what_is_due()
            code = self._dice.choice([code for code, left in series.items() if left])
            count = self._dice.randint(1, 8)
            batch, series[code] = series[code][:count], series[code][count:]
            self._say_batch(batch)
        self._say_what_is_due(is_over=True)
        return self._messages

    def _series(self) -> dict[str, list[Reading]]:
        return measure(self._plan, self._source, self._wave)

    def _say_batch(self, batch: list[Reading]) -> None:
        chance = self._dice.random()
        if chance < 0.05:
            late = batch.pop(self._dice.randrange(len(batch)))
            self._keep_for_later("late", [late])
        if not batch:
            return
        message = self._say(batch, bad=self._bad() if 0.05 <= chance < 0.08 else None)
        if 0.08 <= chance < 0.11:
            self._keep_for_later("again", batch)
        elif 0.11 <= chance < 0.14:
            self._keep_for_later("conflict", [self._dice.choice(batch)], message.index)
        elif 0.14 <= chance < 0.15:
            self._say_garbage(batch[0].sensor)

    def _keep_for_later(self, what: str, readings: list[Reading], after: int | None = None) -> None:
        due = len(self._messages) + self._dice.randint(1, 60)
        self._later.append((due, what, readings, after))

    def _say_what_is_due(self, *, is_over: bool = False) -> None:
        due = [each for each in self._later if is_over or each[0] <= len(self._messages)]
        self._later = [each for each in self._later if each not in due]
        for _, what, readings, after in due:
            if what == "conflict":
                [first] = readings
                other = Reading(first.sensor, first.at, round(first.celsius + 0.5, 2), first.seq)
                self._say([], conflicts=[other], after=after)
            else:
                self._say(readings)

    def _say(
        self,
        readings: list[Reading],
        *,
        conflicts: list[Reading] | None = None,
        bad: tuple[str, dict[str, Any]] | None = None,
        after: int | None = None,
    ) -> Message:
        told = [*readings, *(conflicts or [])]
        documents = [reading.document(self._dice.random() < 0.5) for reading in told]
        if bad is not None:
            documents.insert(self._dice.randrange(len(documents) + 1), bad[1])
        content: Any = documents
        if not self._plan.trusts_puback:
            content = {"ref": f"{self._wave}-{len(self._messages)}", "readings": documents}
        message = self._message(told[0].sensor, json.dumps(content).encode())
        message.readings, message.conflicts, message.after = readings, conflicts or [], after
        if bad is not None:
            message.refused = [(bad[0], json.dumps(bad[1]).encode())]
        return message

    def _bad(self) -> tuple[str, dict[str, Any]]:
        """One bad reading; its number makes it another one than any before."""
        number = len(self._messages)
        at = f"2021-05-09T08:00:00.{number:06}+08:00"
        bad: list[tuple[str, dict[str, Any]]] = [
            ("invalid", {"at": at, "celsius": "warm"}),
            ("invalid", {"at": at.removesuffix("+08:00"), "celsius": 4.2}),
            ("unknown_field", {"at": at, "celsius": 4.2, "colour": "red"}),
            ("future", {"at": at.replace("2021", "2099"), "celsius": 4.2}),
        ]
        return self._dice.choice(bad)

    def _say_garbage(self, sensor: str) -> None:
        """A message of which not even its `ref` can be read: a rejection is its answer."""
        payload = b'{"ref": "%d-%d", "readings": [{"at"' % (self._wave, len(self._messages))
        message = self._message(sensor, payload)
        message.refused = [("not_json", payload)]

    def _message(self, sensor: str, payload: bytes) -> Message:
        topic = f"{ROOT}/{self._source}/{sensor}/readings"
        message = Message(self._wave, len(self._messages), sensor, topic, payload)
        self._messages.append(message)
        return message


def write_messages(plan: Plan, source: str, wave: int) -> list[Message]:
    """Return the messages of one wave of a publisher."""
    return Writer(plan, source, wave).write()


@dataclass(frozen=True, slots=True)
class FedLine:
    """A line that a gateway is fed: a reading, or one that the record must refuse."""

    content: bytes
    reading: Reading | None
    reason: str = ""


def write_lines(plan: Plan, source: str, wave: int) -> list[FedLine]:
    """Return the lines of one wave of a gateway: some come late, some twice, some are bad."""
    dice = random.Random(f"{plan.seed}/{source}/{wave}")
    due: list[tuple[float, int, FedLine]] = []
    for place, reading in enumerate(
        sorted((one for each in measure(plan, source, wave).values() for one in each), key=_by_time)
    ):
        document = {"sensor": reading.sensor, **reading.document(dice.random() < 0.5)}
        line = FedLine(json.dumps(document).encode() + b"\n", reading)
        delay = dice.uniform(1, 400) if dice.random() < 0.04 else 0.0
        due.append((place + delay, place, line))
        if dice.random() < 0.03:
            due.append((place + dice.uniform(1, 200), place, line))
        if dice.random() < 0.005:
            at = f"2021-05-09T08:00:00.{place:06}+08:00"
            bad = {"sensor": reading.sensor, "at": at, "celsius": 4.2, "colour": "red"}
            content = json.dumps(bad).encode() + b"\n"
            due.append((float(place), place, FedLine(content, None, "unknown_field")))
    return [line for *_, line in sorted(due, key=lambda each: each[:2])]


def _by_time(reading: Reading) -> Any:
    return reading.at
