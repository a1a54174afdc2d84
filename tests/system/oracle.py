"""A judge of our own, written from the rules alone, to hold the software's answers against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.system.series import Measured


@dataclass(frozen=True)
class Rule:
    """One continuous rule of ``who-fridge``: WHO PQS E006."""

    code: str
    side: str
    limit: float
    minutes: int

    def is_outside(self, celsius: float) -> bool:
        """More than +8 °C; −0.5 °C or less."""
        return celsius > self.limit if self.side == "above" else celsius <= self.limit


WHO_FRIDGE = (Rule("heat", "above", 8.0, 600), Rule("freeze", "below", -0.5, 60))


@dataclass(frozen=True)
class Episode:
    """One excursion: which rule, from when, triggered when, until when."""

    rule: str
    started_at: datetime
    triggered_at: datetime
    ended_at: datetime | None


def judge(series: list[Measured], rule: Rule) -> list[Episode]:
    """Return the episodes of one rule in a series that is in order of time.

    A run starts at the first reading outside and ends at the first one back inside; it counts
    once a reading shows that it has lasted its minutes.
    """
    episodes: list[Episode] = []
    started_at: datetime | None = None
    for measured in series:
        if rule.is_outside(measured.celsius):
            started_at = started_at or measured.at
        elif started_at is not None:
            episodes += _lasted(rule, started_at, measured.at, measured.at)
            started_at = None
    if started_at is not None:
        episodes += _lasted(rule, started_at, series[-1].at, None)
    return episodes


def _lasted(
    rule: Rule, started_at: datetime, shown_at: datetime, ended_at: datetime | None
) -> list[Episode]:
    triggered_at = started_at + timedelta(minutes=rule.minutes)
    return [Episode(rule.code, started_at, triggered_at, ended_at)] * (triggered_at <= shown_at)
