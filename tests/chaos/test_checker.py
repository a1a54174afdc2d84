"""The checker finds each kind of fault that is planted, and nothing where all is well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.checker import Found, Promises, Record, Scene, check
from tests.chaos.oracle import Episode, Probe, judge

BEGIN = datetime(2021, 5, 9, tzinfo=UTC)
PROBES = {"S": Probe("U", timedelta(minutes=1), timedelta(minutes=15))}
CELSIUS = [4.0] * 5 + [9.0] * 20 + [4.0] * 5
SCENE = Scene(
    PROBES,
    {"duty": "alarm", "deputy": "notice"},
    lambda spoke: {"U": 1} if spoke else {},
    BEGIN + timedelta(minutes=30),
)
REFUSAL = ("topic", "not_json", "?")
CONFLICT = ("S", BEGIN, 4.5)


def minute(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def promises() -> Promises:
    made = Promises(conflicts={CONFLICT}, refusals={REFUSAL}, said_badly={REFUSAL})
    for number, celsius in enumerate(CELSIUS):
        made.readings["S", minute(number)] = celsius
        made.said["S", minute(number)] = {celsius}
    made.said["S", BEGIN].add(4.5)
    return made


def record() -> Record:
    warm = Episode("U", "warm", minute(5), minute(5), minute(25), 9.0)
    hot = replace(warm, rule="hot", triggered_at=minute(20))
    return Record(
        readings=[("S", minute(number), celsius) for number, celsius in enumerate(CELSIUS)],
        conflicts=[CONFLICT],
        refusals=[REFUSAL],
        excursions=[Found(1, warm, "ended"), Found(2, hot, "closed"), Found(3, hot, "withdrawn")],
        missing=Counter({"U": 1}),
        mails=[(1, "deputy"), (2, "deputy"), (2, "duty"), (2, "duty"), (3, "duty")],
    )


def test_where_all_is_well_nothing_is_found() -> None:
    verdict = check(SCENE, promises(), record())
    assert verdict.is_clean, verdict.faults
    assert verdict.figures["readings stored"] == len(CELSIUS)
    assert verdict.figures["e-mails owed"] == 3
    assert verdict.figures["e-mails repeated"] == 1
    assert verdict.figures["e-mails about what was withdrawn later"] == 1


def _open_the_first(record: Record) -> None:
    record.excursions[0] = replace(record.excursions[0], state="open")


def _end_the_first_later(record: Record) -> None:
    first = record.excursions[0]
    later = replace(first.episode, ended_at=minute(26))
    record.excursions[0] = replace(first, episode=later)


def _find_the_first_twice(record: Record) -> None:
    record.excursions.append(replace(record.excursions[0], id=1))


PLANTED: list[tuple[str, Callable[[Record], object]]] = [
    ("readings lost", lambda record: record.readings.pop(17)),
    ("readings duplicated", lambda record: record.readings.append(record.readings[3])),
    ("readings unexpected", lambda record: record.readings.append(("S", minute(99), 4.0))),
    ("readings altered", lambda record: record.readings.__setitem__(0, ("S", BEGIN, 4.5))),
    ("conflicts lost", lambda record: record.conflicts.clear()),
    ("conflicts duplicated", lambda record: record.conflicts.append(CONFLICT)),
    ("conflicts unexpected", lambda record: record.conflicts.append(("S", minute(1), 7.0))),
    ("refusals lost", lambda record: record.refusals.clear()),
    ("refusals unexpected", lambda record: record.refusals.append(("t", "invalid", "{}"))),
    ("excursions missed", lambda record: record.excursions.pop(1)),
    ("excursions missed", _end_the_first_later),
    ("excursions invented", _end_the_first_later),
    ("excursions invented", _find_the_first_twice),
    ("excursions in a wrong state", _open_the_first),
    ("holes in numbers missed or invented", lambda record: record.missing.clear()),
    ("e-mails missed", lambda record: record.mails.pop(0)),
    ("e-mails unexpected", lambda record: record.mails.append((9, "duty"))),
    ("e-mails unexpected", lambda record: record.mails.append((1, "duty"))),
    ("e-mails still waiting", lambda record: record.waiting.append((1, "duty"))),
]


@pytest.mark.parametrize(("fault", "plant"), PLANTED)
def test_what_is_planted_is_found_under_its_name(
    fault: str, plant: Callable[[Record], object]
) -> None:
    there = record()
    plant(there)
    verdict = check(SCENE, promises(), there)
    assert verdict.faults[fault]
    assert not verdict.is_clean


def test_an_answer_that_counts_wrong_is_a_fault() -> None:
    made = promises()
    made.miscounted.append("stored 2 of 3")
    assert check(SCENE, made, record()).faults["answers miscounted"] == ["stored 2 of 3"]


def test_the_judge_knows_the_limits_the_minutes_and_the_silence() -> None:
    said = [(minute(n), c) for n, c in [(0, 8.0), (1, 8.01), (16, 9), (17, 8), (20, -0.5)]]
    found = {episode.rule: episode for episode in judge(PROBES, {"S": said}, minute(21))}
    assert found["hot"] == Episode("U", "hot", minute(1), minute(16), minute(17), 9)
    assert found["freeze"] == Episode("U", "freeze", minute(20), minute(20), None, -0.5)
    assert "cold" not in found
    assert "silence" not in found
    later = {episode.rule: episode for episode in judge(PROBES, {"S": said}, minute(36))}
    assert later["silence"] == Episode("U", "silence", minute(21), minute(35), None, None)


def test_the_judge_hears_no_broken_probe_and_unites_the_probes_of_a_unit() -> None:
    probes = PROBES | {"T": Probe("U", timedelta(minutes=1), timedelta(days=1))}
    one = [(minute(0), 9.0), (minute(5), 85.0), (minute(10), 4.0)]
    other = [(minute(10), 11.0), (minute(12), 4.0), (minute(14), 8.5)]
    found = judge(probes, {"S": one, "T": other}, minute(15))
    assert found == [
        Episode("U", "warm", minute(0), minute(0), minute(12), 11.0),
        Episode("U", "warm", minute(14), minute(14), None, 8.5),
    ]
