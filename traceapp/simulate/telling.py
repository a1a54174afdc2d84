"""Telling a story to an installation: the past at once, the last minutes fast, then real time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from traceapp.simulate.desk import Desk, DeskUnreachable
from traceapp.simulate.district import Document, Unit
from traceapp.simulate.publisher import Publisher
from traceapp.simulate.recorder import Reading
from traceapp.simulate.story import LIVE_CROSSING, LIVE_UNIT, Story

HELD_BACK = LIVE_CROSSING + timedelta(minutes=2)
"""The unit that fails at the end is told up to here at first, well within its silence limit."""

SECONDS_FOR_A_DESK_TO_COME_BACK = 30.0

Advance = Callable[[], None]
Clock = Callable[[], datetime]


class Scene(Protocol):
    """What can be told: a story, or a fleet."""

    @property
    def start(self) -> datetime:
        """Its first moment."""

    @property
    def end(self) -> datetime:
        """The moment up to which it is the past."""

    @property
    def registry(self) -> list[Document]:
        """What must be known before it is told."""

    def sensors(self) -> list[tuple[Unit, str]]:
        """Every sensor with its unit."""

    def readings(self, unit: Unit, sensor: str) -> Iterator[Reading]:
        """What a sensor records, without end."""


@dataclass
class Series:
    """The readings of one sensor, of which some are told already."""

    unit: Unit
    sensor: str
    coming: Iterator[Reading]
    told: list[Reading] = field(default_factory=list)
    following: Reading | None = None

    def until(self, moment: datetime) -> list[Reading]:
        """The readings not told yet, up to and with a moment."""
        taken: list[Reading] = []
        while True:
            reading = self.following or next(self.coming)
            if reading.at > moment:
                self.following = reading
                return taken
            self.following = None
            taken.append(reading)


class Telling:
    """One scene on its way to one broker, and its doses to one API."""

    def __init__(
        self,
        scene: Scene,
        publisher: Publisher,
        desk: Desk | None = None,
        *,
        is_to_be_judged: bool = False,
    ) -> None:
        """Only a telling that is to be judged afterwards keeps what it told."""
        self.scene = scene
        self.publisher = publisher
        self.desk = desk
        self.series = [
            Series(unit, sensor, scene.readings(unit, sensor)) for unit, sensor in scene.sensors()
        ]
        self.told_up_to = scene.end
        self.doses_told = 0
        self.is_to_be_judged = is_to_be_judged

    def begin(self) -> None:
        """Connect as a gateway that speaks for every sensor."""
        gateways = [f"{series.unit.site}/{series.sensor}" for series in self.series]
        self.publisher.connect(gateways[0])
        self.publisher.announce(gateways)

    def steps(self) -> int:
        """How many times telling the past will advance."""
        doses = len(self.scene.doses) if isinstance(self.scene, Story) and self.desk else 0
        return len(self.series) + doses

    def tell_past(self, advance: Advance, *, hold_back: bool) -> None:
        """Movements first, so that an alarm knows which lots stood there; then readings, doses."""
        if isinstance(self.scene, Story):
            for report in self.scene.journey.reports:
                self.publisher.send_movements(report.site, [report.document])
            self.publisher.settle()
        for series in self.series:
            is_held = hold_back and series.unit.code == LIVE_UNIT
            self._publish(series, self.scene.end - HELD_BACK if is_held else self.scene.end)
            advance()
        if hold_back:
            self.told_up_to = self.scene.end - HELD_BACK
        self.publisher.settle(120)
        self._tell_doses(advance)

    def tell_present(self, speed: float, clock: Clock, is_over: Callable[[], bool]) -> None:
        """Replay what was held back at `speed`, reach the present, and stay there until told."""
        began, since = time.monotonic(), self.told_up_to
        while not is_over():
            elapsed = timedelta(seconds=(time.monotonic() - began) * speed)
            self.told_up_to = min(since + elapsed, clock())
            for series in self.series:
                self._publish(series, self.told_up_to)
            self.publisher.send_overdue_again()
            time.sleep(0.5)

    def _publish(self, series: Series, moment: datetime) -> None:
        readings = series.until(moment)
        if not readings:
            return
        if self.is_to_be_judged:
            series.told += readings
        documents = [reading.document() for reading in readings]
        self.publisher.send_readings(series.unit.site, series.sensor, documents)

    def _tell_doses(self, advance: Advance) -> None:
        if not isinstance(self.scene, Story) or self.desk is None:
            return
        for injection in self.scene.doses:
            self._post_dose(self.desk, injection.document)
            self.doses_told += 1
            advance()

    @staticmethod
    def _post_dose(desk: Desk, document: Document) -> None:
        """Post a dose until somebody has answered: its id makes a repetition harmless."""
        until = time.monotonic() + SECONDS_FOR_A_DESK_TO_COME_BACK
        while True:
            try:
                desk.post("/api/v1/doses", document)
            except DeskUnreachable:
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
            else:
                return
