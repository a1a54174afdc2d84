"""What the checker compares, gathered: the journals of the publishers, and the database by SQL."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos.checker import Found, Promises, Record, Refusal, Scene
from tests.chaos.message import ROOT, FedLine, write_lines, write_messages
from tests.chaos.oracle import LEVELS, Episode, Probe
from tests.chaos.plan import CONTACTS, SENSORS, Plan, sensor_code, unit_code
from tests.chaos.publisher import whole_lines

_LEAST_SILENCE = timedelta(minutes=15)
_INTERVAL = timedelta(seconds=60)


def scene_of(plan: Plan, now: datetime) -> Scene:
    """Who measures what in a run, and what its planted holes must lead to."""
    probes, holed = {}, {}
    for source in plan.sources:
        for wave in range(plan.waves):
            for kind in SENSORS:
                silence = timedelta(seconds=kind.silence_s) if kind.silence_s else _LEAST_SILENCE
                unit = unit_code(source, wave, kind)
                sensor = sensor_code(source, wave, kind)
                probes[sensor] = Probe(unit, _INTERVAL, silence)
                if kind.skips_a_number and source.startswith("P"):
                    holed[sensor] = unit

    def expected_missing(spoke: set[str]) -> Mapping[str, int]:
        return {unit: 1 for sensor, unit in holed.items() if sensor in spoke}

    return Scene(probes, CONTACTS, expected_missing, now)


def content_of(payload: bytes) -> str:
    """One spelling of what was refused; gateways add numbers, and the sensor is in the topic."""
    try:
        document = json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
    if isinstance(document, dict):
        document = {
            name: value for name, value in document.items() if name not in {"sensor", "seq", "boot"}
        }
    return json.dumps(document, sort_keys=True)


def promises_of(plan: Plan, folder: Path, fed: Mapping[str, list[FedLine]]) -> Promises:
    """What all publishers and gateways were promised; what a gateway was fed it has sent."""
    promises = Promises()
    for source in plan.sources:
        if source in fed:
            _add_lines(promises, source, fed[source])
        else:
            _add_journal(promises, plan, source, folder / f"journal-{source}.jsonl")
    return promises


def _add_journal(promises: Promises, plan: Plan, source: str, path: Path) -> None:
    entries = whole_lines(path.read_bytes()) if path.exists() else []
    for wave in {entry["wave"] for entry in entries}:
        for message in write_messages(plan, source, wave):
            for reading in [*message.readings, *message.conflicts]:
                promises.said.setdefault((reading.sensor, reading.at), set()).add(reading.celsius)
            promises.said_badly |= {
                (message.topic, reason, content_of(content)) for reason, content in message.refused
            }
    for entry in entries:
        _add_entry(promises, plan, entry)


def _add_entry(promises: Promises, plan: Plan, entry: dict[str, Any]) -> None:
    for sensor, at, celsius in entry["readings"]:
        promises.readings.setdefault((sensor, datetime.fromisoformat(at)), celsius)
    if plan.trusts_puback:
        return  # Nobody promised more than that it was taken.
    for sensor, at, celsius in entry["conflicts"]:
        promises.conflicts.add((sensor, datetime.fromisoformat(at), celsius))
    for topic, reason, content in entry["refused"]:
        promises.refusals.add((topic, reason, content_of(content.encode())))
    answer, (good, bad) = entry["answer"], entry["expected"]
    if "ref" in answer and [answer["stored"] + answer["repeated"], answer["refused"]] != [
        good,
        bad,
    ]:
        promises.miscounted.append(f"{answer} to a message of {good} good and {bad} bad")


def _add_lines(promises: Promises, source: str, lines: list[FedLine]) -> None:
    for line in lines:
        if line.reading is not None:
            key = line.reading.sensor, line.reading.at
            promises.readings.setdefault(key, line.reading.celsius)
            promises.said.setdefault(key, set()).add(line.reading.celsius)
            continue
        sensor = json.loads(line.content)["sensor"]
        refusal = f"{ROOT}/{source}/{sensor}/readings", line.reason, content_of(line.content)
        promises.refusals.add(refusal)
        promises.said_badly.add(refusal)


def fed_lines(plan: Plan, source: str, waves: int) -> list[FedLine]:
    """Every line of the first waves of a gateway."""
    return [line for wave in range(waves) for line in write_lines(plan, source, wave)]


def record_of(database_url: str, mails: list[tuple[int, str]]) -> Record:
    """Read the database as reports do (docs/data-model.md)."""
    record = Record(mails=mails)
    with psycopg.connect(database_url.replace("+psycopg", "")) as session:
        record.readings = [
            (sensor, at, celsius)
            for sensor, at, celsius in session.execute(
                "SELECT sensor.code, reading.at, celsius FROM reading "
                "JOIN sensor ON sensor.id = reading.sensor_id"
            )
        ]
        for key, came in session.execute("SELECT key, came FROM conflict WHERE noun = 'reading'"):
            sensor, _, at = key.rpartition("@")
            moment = datetime.fromisoformat(at)
            record.conflicts.append((sensor, moment, float(came["celsius"])))
        rows = session.execute("SELECT topic, reason, payload FROM rejection")
        record.refusals = [_refusal(*row) for row in rows]
        _read_excursions(session, record)
        record.waiting = list(
            session.execute(
                "SELECT about_id, email FROM outbox "
                "WHERE kind = 'excursion' AND sent_at IS NULL AND given_up_at IS NULL"
            )
        )
    return record


def _refusal(topic: str, reason: str, payload: bytes) -> Refusal:
    return topic, reason, content_of(payload)


def _read_excursions(session: psycopg.Connection[Any], record: Record) -> None:
    rows = session.execute(
        "SELECT excursion.id, unit.code, rule, started_at, triggered_at, ended_at, peak_celsius, "
        "state FROM excursion JOIN unit ON unit.id = excursion.unit_id"
    )
    numbers: list[str] = []
    for number, unit, rule, started_at, triggered_at, ended_at, peak, state in rows:
        if rule in LEVELS:
            episode = Episode(unit, rule, started_at, triggered_at, ended_at, peak)
            record.excursions.append(Found(number, episode, state))
        elif rule == "missing" and unit.startswith("P") and state != "withdrawn":
            numbers.append(unit)
    record.missing = Counter(numbers)
