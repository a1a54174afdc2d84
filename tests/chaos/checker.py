"""The checker: what was promised against what is there. Pure; it reads no database and no clock.

The words are those of Jepsen's checkers: lost, duplicated, unexpected. What is found is listed,
never summed away: a report names every reading, excursion and e-mail that is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import UTC, datetime

from tests.chaos.oracle import LEVELS, Episode, Probe, judge

Key = tuple[str, datetime]
Refusal = tuple[str, str, str]
"""Topic, reason, content."""


@dataclass
class Promises:
    """What publishers were told is kept, and everything that they ever said."""

    readings: dict[Key, float] = field(default_factory=dict)
    """The value of each reading that was acknowledged."""
    conflicts: set[tuple[str, datetime, float]] = field(default_factory=set)
    refusals: set[Refusal] = field(default_factory=set)
    said: dict[Key, set[float]] = field(default_factory=dict)
    said_badly: set[Refusal] = field(default_factory=set)
    miscounted: list[str] = field(default_factory=list)
    """Answers whose counts are not those of the message."""


@dataclass(frozen=True, slots=True)
class Found:
    """One excursion in the database."""

    id: int
    episode: Episode
    state: str


@dataclass
class Record:
    """What the database and the mailbox hold at the end."""

    readings: list[tuple[str, datetime, float]] = field(default_factory=list)
    conflicts: list[tuple[str, datetime, float]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    excursions: list[Found] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    """How many episodes of missing numbers each unit has."""
    waiting: list[tuple[int, str]] = field(default_factory=list)
    """E-mails that have neither left nor been given up."""
    mails: list[tuple[int, str]] = field(default_factory=list)
    """Excursion and recipient of each e-mail in the mailbox."""


@dataclass
class Verdict:
    """What the comparison found: faults, each with its cases, and figures that are no faults."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not any(self.faults.values())

    def fault(self, name: str, cases: Iterable[object]) -> None:
        """Note what is wrong in one respect; nothing is a result too."""
        self.faults[name] = sorted(_spelled(case) for case in cases)


def _spelled(case: object) -> str:
    if isinstance(case, datetime):
        return case.astimezone(UTC).isoformat()
    if isinstance(case, Found):
        return f"{case.state} {_spelled(case.episode)}"
    parts = astuple(case) if isinstance(case, Episode) else case
    return " ".join(map(_spelled, parts)) if isinstance(parts, tuple | list) else str(parts)


@dataclass(frozen=True)
class Scene:
    """Who measures what, who is told of which level, and when the record was read."""

    probes: Mapping[str, Probe]
    contacts: Mapping[str, str]
    expected_missing: Callable[[set[str]], Mapping[str, int]]
    """How many episodes of missing numbers each unit must have, from the sensors that spoke."""
    now: datetime


def check(scene: Scene, promises: Promises, record: Record) -> Verdict:
    """Compare what was promised with what is there."""
    verdict = Verdict()
    _check_readings(promises, record, verdict)
    _check_refusals(promises, record, verdict)
    _check_excursions(scene, promises, record, verdict)
    _check_mails(scene, record, verdict)
    return verdict


def _check_readings(promises: Promises, record: Record, verdict: Verdict) -> None:
    stored: dict[Key, list[float]] = {}
    for sensor, at, celsius in record.readings:
        stored.setdefault((sensor, at), []).append(celsius)
    promised = promises.readings
    verdict.figures["readings acknowledged"] = len(promised)
    verdict.figures["readings stored"] = len(record.readings)
    verdict.fault("readings lost", promised.keys() - stored.keys())
    verdict.fault("readings duplicated", (key for key, held in stored.items() if len(held) > 1))
    unexpected = (
        (*key, held)
        for key, held in stored.items()
        if not set(held) <= promises.said.get(key, set())
    )
    verdict.fault("readings unexpected", unexpected)
    altered = (
        (*key, value, stored[key])
        for key, value in promised.items()
        if key in stored and value not in stored[key]
    )
    verdict.fault("readings altered", altered)
    verdict.fault("answers miscounted", promises.miscounted)


def _check_refusals(promises: Promises, record: Record, verdict: Verdict) -> None:
    conflicts = Counter(record.conflicts)
    verdict.figures["conflicts kept"] = len(record.conflicts)
    verdict.fault("conflicts lost", promises.conflicts - conflicts.keys())
    verdict.fault("conflicts duplicated", (key for key, count in conflicts.items() if count > 1))
    unexpected = (c for c in conflicts if c[2] not in promises.said.get((c[0], c[1]), set()))
    verdict.fault("conflicts unexpected", unexpected)
    verdict.figures["refusals kept"] = len(record.refusals)
    verdict.fault("refusals lost", promises.refusals - set(record.refusals))
    verdict.fault("refusals unexpected", set(record.refusals) - promises.said_badly)


def _check_excursions(scene: Scene, promises: Promises, record: Record, verdict: Verdict) -> None:
    said: dict[str, list[tuple[datetime, float]]] = {}
    for (sensor, at), value in promises.readings.items():
        said.setdefault(sensor, []).append((at, value))
    expected = Counter(judge(scene.probes, said, scene.now))
    there = Counter(each.episode for each in record.excursions if each.state != "withdrawn")
    verdict.figures["excursions expected"] = expected.total()
    verdict.figures["excursions found"] = there.total()
    verdict.figures["excursions withdrawn on the way"] = sum(
        each.state == "withdrawn" for each in record.excursions
    )
    verdict.fault("excursions missed", (expected - there).elements())
    verdict.fault("excursions invented", (there - expected).elements())
    wrongly_open = (
        each
        for each in record.excursions
        if each.state != "withdrawn" and (each.state == "open") != (each.episode.ended_at is None)
    )
    verdict.fault("excursions in a wrong state", wrongly_open)
    holes = scene.expected_missing(set(said))
    verdict.figures["holes in numbers found"] = record.missing.total()
    units = {*holes, *record.missing}
    miscounted = (
        (unit, holes.get(unit, 0), record.missing[unit])
        for unit in units
        if holes.get(unit, 0) != record.missing[unit]
    )
    verdict.fault("holes in numbers missed or invented", miscounted)


def _check_mails(scene: Scene, record: Record, verdict: Verdict) -> None:
    owed = {
        (each.id, email)
        for each in record.excursions
        if each.state != "withdrawn"
        for email, level in scene.contacts.items()
        if LEVELS.get(each.episode.rule) == "alarm" or level == "notice"
    }
    withdrawn = {each.id for each in record.excursions if each.state == "withdrawn"}
    came = Counter(record.mails)
    verdict.figures["e-mails owed"] = len(owed)
    verdict.figures["e-mails that came"] = came.total()
    verdict.figures["e-mails repeated"] = sum(count - 1 for count in came.values())
    verdict.figures["e-mails about what was withdrawn later"] = sum(
        excursion in withdrawn for excursion, _ in came
    )
    verdict.fault("e-mails missed", owed - came.keys())
    unexpected = (mail for mail in came if mail not in owed and mail[0] not in withdrawn)
    verdict.fault("e-mails unexpected", unexpected)
    verdict.fault("e-mails still waiting", record.waiting)
