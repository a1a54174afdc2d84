"""Readings are stored once and judged the same in whatever order they come."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from schemas.reading import Reading
from tests.integration.country import NOW, load_registry
from tests.integration.noticing import notice_silence
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.models.excursion import Excursion, ExcursionRevision
from traceapp.models.outbox import EXCURSION, Outbox, is_about
from traceapp.models.reading import Reading as ReadingRow
from traceapp.models.rejection import Conflict
from traceapp.rules.episode import unite
from traceapp.rules.judging import Pace, Watch
from traceapp.rules.profile import PROFILES
from traceapp.rules.run import Run
from traceapp.watch.sample import sample_of

START = datetime(2021, 5, 9, tzinfo=UTC)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def send(database: Database, sensor: str, *pairs: tuple[float, float], now: datetime = NOW) -> Any:
    readings = [Reading(at(minute), celsius) for minute, celsius in pairs]
    with database.begin() as session:
        return record_readings(session, [ReadingMessage(sensor, readings)], now)[0]


def excursions(database: Database, rule: str | None = None) -> list[Excursion]:
    with database.read() as session:
        wanted = select(Excursion).where(Excursion.state != "withdrawn")
        if rule:
            wanted = wanted.where(Excursion.rule == rule)
        return list(session.scalars(wanted.order_by(Excursion.started_at, Excursion.rule)))


def count(database: Database, model: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_reading_again_is_ignored_and_another_value_is_kept_as_a_conflict(
    database: Database,
) -> None:
    assert send(database, "S1", (0, 5.0)).stored == 1
    assert send(database, "S1", (0, 5.0)).repeated == 1
    receipt = send(database, "S1", (0, 6.0), (0, 6.0), (10, 5.0))
    assert (receipt.stored, [refusal.reason for refusal in receipt.refusals]) == (
        1,
        ["conflict", "conflict"],
    )
    assert count(database, Conflict) == 1
    with database.read() as session:
        assert session.scalars(select(ReadingRow.celsius).order_by(ReadingRow.at)).all() == [5, 5]


def test_a_reading_far_in_the_future_is_refused(database: Database) -> None:
    with database.begin() as session:
        reading = Reading(NOW + timedelta(days=3650), 5.0)
        (receipt,) = record_readings(session, [ReadingMessage("S1", [reading])], NOW)
    assert [refusal.reason for refusal in receipt.refusals] == ["future"]


def test_an_unknown_sensors_readings_are_judged_once_it_is_registered(database: Database) -> None:
    send(database, "NEW", (0, 5), (10, 9), (30, 9), (40, 5))
    assert excursions(database) == []
    load_registry(database, [{"kind": "sensor", "code": "NEW", "unit": "FRIDGE-2"}])
    found = excursions(database, "hot")
    assert [(row.started_at, row.ended_at, row.is_late) for row in found] == [
        (at(10), at(40), True)
    ]


def test_an_excursion_owes_one_email_to_each_contact_of_its_level(database: Database) -> None:
    for minute, celsius in ((0, 9), (10, 9), (20, 9), (30, 9), (40, 5), (50, 5)):
        send(database, "S1", (minute, celsius))
    with database.read() as session:
        owed = session.execute(
            select(Excursion.rule, Outbox.email)
            .join(Excursion, is_about(EXCURSION, Excursion.id))
            .order_by(Outbox.id)
        ).all()
    assert sorted(tuple(row) for row in owed) == [
        ("hot", "both@cdc.example"),
        ("hot", "duty@cdc.example"),
        ("warm", "both@cdc.example"),
    ]


def test_two_probes_of_a_unit_share_one_episode(database: Database) -> None:
    for minute in range(0, 60, 10):
        send(database, "S1", (minute, 9 if minute < 40 else 5))
        send(database, "S2", (minute + 5, 10 if minute < 50 else 5))
    (hot,) = excursions(database, "hot")
    assert (hot.started_at, hot.ended_at, hot.peak_celsius) == (at(0), at(55), 10.0)


def test_a_late_reading_splits_an_episode_and_the_old_words_stay_readable(
    database: Database,
) -> None:
    for minute in range(0, 100, 10):
        if minute != 50:
            send(database, "S1", (minute, 9))
    send(database, "S1", (100, 5))
    send(database, "S1", (50, 5))
    assert [(row.started_at, row.ended_at) for row in excursions(database, "hot")] == [
        (at(0), at(50)),
        (at(60), at(100)),
    ]
    with database.read() as session:
        said = session.scalars(select(ExcursionRevision)).all()
    assert {one.content["ended_at"] for one in said} == {"2021-05-09T01:40:00Z"}


def test_silence_opens_by_the_clock_and_is_withdrawn_when_the_readings_come_after_all(
    database: Database,
) -> None:
    send(database, "S1", (0, 5))
    with database.begin() as session:
        assert notice_silence(session, at(30)) == 0
        assert notice_silence(session, at(31)) == 1
        assert notice_silence(session, at(32)) == 0
    (silence,) = excursions(database, "silence")
    assert (silence.started_at, silence.triggered_at, silence.state) == (at(10), at(30), "open")
    for minute in (40, 10, 20, 30):
        send(database, "S1", (minute, 5), now=at(45))
    assert excursions(database, "silence") == []


def test_a_sensor_that_moves_is_judged_for_the_unit_where_it_stood(database: Database) -> None:
    send(database, "S1", (0, 9), (20, 9))
    move = {
        "kind": "sensor",
        "code": "S1",
        "unit": "FRIDGE-2",
        "attached_from": "2021-05-09T00:30:00Z",
    }
    load_registry(database, [move])
    send(database, "S1", (40, 9), (70, 5))
    found = [(row.unit_id, row.started_at, row.ended_at) for row in excursions(database, "hot")]
    assert [(start, end) for _, start, end in found] == [(at(0), at(30)), (at(40), at(70))]
    assert found[0][0] != found[1][0]


Said = tuple[str, datetime, datetime, datetime | None, float | None, float]


def expected_episodes(readings: dict[str, dict[float, float]]) -> list[Said]:
    """The episodes of FRIDGE from complete sorted series, judged at once, silent by NOW."""
    runs: list[Run] = []
    for pairs in readings.values():
        watch = Watch(PROFILES["cn-fridge"], Pace.of(600, None))
        for minute, celsius in sorted(pairs.items()):
            runs += watch.take(sample_of(Reading(at(minute), celsius), NOW))
        silence = watch.silent_by(NOW)
        runs += [*watch.running.values(), *([silence] if silence else [])]
    found = [
        (
            code,
            one.started_at,
            one.triggered_at,
            one.ended_at,
            one.peak_celsius,
            one.unknown_minutes,
        )
        for code in {run.rule.code for run in runs}
        for one in unite(run for run in runs if run.rule.code == code)
    ]
    return sorted(found, key=lambda item: (item[1], item[0]))


@pytest.mark.parametrize("seed", range(12))
def test_any_order_batching_and_repetition_gives_the_same_excursions(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    readings: dict[str, dict[float, float]] = {"S1": {}, "S2": {}}
    for pairs in readings.values():
        minute = 0.0
        for _ in range(40):
            minute += chance.choice([5, 10, 10, 10, 20, 45])
            pairs[minute] = chance.choice([-1, 1.5, 5, 5, 8, 9, 9, 10, 150])
    sent = [(code, *pair) for code, pairs in readings.items() for pair in pairs.items()]
    sent += chance.sample(sent, 10)
    if seed % 3 == 0:
        chance.shuffle(sent)
    else:  # Nearly in order: some readings are held back for a while.
        sent.sort(key=lambda one: one[1] + chance.choice([0, 0, 0, 0, 100, 400]))
    while sent:
        batch, sent = sent[: (size := chance.randint(1, 9))], sent[size:]
        messages = [ReadingMessage(code, [Reading(at(m), c)]) for code, m, c in batch]
        with database.begin() as session:
            record_readings(session, messages, NOW)
            if chance.random() < 0.2:
                notice_silence(session, at(max(m for _, m, _ in batch) + chance.randint(0, 60)))
    with database.begin() as session:
        notice_silence(session, NOW)
    found = [
        (
            row.rule,
            row.started_at,
            row.triggered_at,
            row.ended_at,
            row.peak_celsius,
            row.unknown_minutes,
        )
        for row in excursions(database)
    ]
    assert found == expected_episodes(readings)
