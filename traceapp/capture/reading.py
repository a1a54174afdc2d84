"""Readings: stored once, judged as of their own time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.document import Refusal
from schemas.fields import format_moment
from schemas.reading import Reading
from traceapp.capture.insert import insert
from traceapp.capture.judging import judge_readings
from traceapp.capture.memory import Memory
from traceapp.capture.reading_row import find_readings, insert_readings
from traceapp.capture.receipt import Receipt, refuse_future
from traceapp.capture.rejection import keep_conflict
from traceapp.capture.stale import mark_late
from traceapp.models.sensor import Sensor
from traceapp.rows import among
from traceapp.rules.sample import Sample
from traceapp.watch.post import load_posts
from traceapp.watch.sample import newest_samples, sample_of
from traceapp.watch.unchanged import stands_since

#: What makes a repeated reading another one; `seq` and `boot` only number the sending.
_MEASURED = ("celsius", "power", "door_open", "humidity", "battery", "battery_volts")

_Key = tuple[int, datetime]


class _Come(NamedTuple):
    """A reading as it came: the receipt of its message, its sensor's code, its place there."""

    reading: Reading
    receipt: Receipt
    code: str
    place: int


@dataclass(frozen=True, slots=True)
class ReadingMessage:
    """Readings of one sensor as they came together, already validated; and by which topic."""

    sensor: str
    readings: Sequence[Reading]
    topic: bytes = b""


def record_readings(
    session: Session,
    messages: Sequence[ReadingMessage],
    now: datetime,
    memory: Memory | None = None,
) -> list[Receipt]:
    """Store and judge readings; one receipt a message, in the same order.

    A reading known already is counted as repeated, one that contradicts a known reading is
    kept as a conflict and refused, one from a sensor nobody registered is kept unjudged.
    `memory` learns where the sensors stand afterwards.
    """
    receipts = [Receipt() for _ in messages]
    sensors = know_sensors(session, {message.sensor for message in messages})
    _hold_unregistered(session, list(sensors.values()))
    posts = load_posts(session, list(sensors.values()), is_remembering=memory is not None)
    first, repeats = _told_apart(messages, receipts, sensors, now)
    newest = newest_samples(session, sorted(posts))
    # In one order, so that two writers of the same sensors wait for each other and do not lock.
    ordered = sorted(first)
    stored = insert_readings(session, ((key[0], first[key].reading) for key in ordered), now)
    for key, come in first.items():
        if key in stored:
            come.receipt.stored += 1
        else:
            repeats.append((key, come))
    _compare(session, repeats, now)
    fresh: dict[int, list[Sample]] = {}
    for key in sorted(stored):
        fresh.setdefault(key[0], []).append(sample_of(first[key].reading, now))
    undisturbed = judge_readings(session, fresh, posts, newest, now)
    if memory is not None:
        topics = {
            sensors[message.sensor]: message.topic
            for message in messages
            if not memory.stays(
                sensors[message.sensor], fresh.get(sensors[message.sensor], ()), undisturbed
            )
        }
        since = {key: stands_since(newest.get(key), held) for key, held in fresh.items()}
        known = {key: moment for key, moment in since.items() if moment is not None}
        memory.learn(session, posts, _newest_now(newest, fresh), topics, known)
    if stored:
        mark_late(session, min(at for _, at in stored), stored)
    return receipts


def _newest_now(
    newest: Mapping[int, Sample], fresh: Mapping[int, Sequence[Sample]]
) -> dict[int, Sample]:
    """The newest usable reading of each sensor, with what was just stored."""
    now = dict(newest)
    for sensor_id, samples in fresh.items():
        usable = [sample for sample in samples if not sample.is_implausible]
        if usable and (sensor_id not in now or usable[-1].at > now[sensor_id].at):
            now[sensor_id] = usable[-1]
    return now


def _told_apart(
    messages: Sequence[ReadingMessage],
    receipts: Sequence[Receipt],
    sensors: Mapping[str, int],
    now: datetime,
) -> tuple[dict[_Key, _Come], list[tuple[_Key, _Come]]]:
    """The readings that come first under their key, and those that repeat one of them.

    What lies in the future is refused in its receipt.
    """
    first: dict[_Key, _Come] = {}
    repeats: list[tuple[_Key, _Come]] = []
    for message, receipt in zip(messages, receipts, strict=True):
        sensor_id = sensors[message.sensor]
        for index, reading in enumerate(message.readings):
            if future := refuse_future(reading.at, now):
                receipt.refusals.append(future.at_place(index))
                continue
            key = sensor_id, reading.at
            come = _Come(reading, receipt, message.sensor, index)
            if key in first:
                repeats.append((key, come))
            else:
                first[key] = come
    return first, repeats


def _hold_unregistered(session: Session, sensor_ids: Collection[int]) -> None:
    """Let nobody register these sensors before we committed: we are about to store unjudged."""
    session.execute(
        select(Sensor.id)
        .where(among(session, Sensor.id, sensor_ids), ~Sensor.is_registered)
        .order_by(Sensor.id)
        .with_for_update(read=True)
    ).all()


def know_sensors(session: Session, codes: Collection[str]) -> dict[str, int]:
    """The ids of sensors by code; one that nobody registered is noted as heard."""
    known = _sensor_ids(session, codes)
    missing = sorted(set(codes) - set(known))
    if missing:
        rows = [{"code": code, "interval_s": 600, "is_registered": False} for code in missing]
        session.execute(insert(session, Sensor).values(rows).on_conflict_do_nothing())
        known |= _sensor_ids(session, missing)
    return known


def _sensor_ids(session: Session, codes: Collection[str]) -> dict[str, int]:
    rows = session.execute(select(Sensor.code, Sensor.id).where(among(session, Sensor.code, codes)))
    return {row.code: row.id for row in rows}


def _compare(session: Session, repeats: Sequence[tuple[_Key, _Come]], now: datetime) -> None:
    kept = find_readings(session, [key for key, *_ in repeats])
    for key, (reading, receipt, code, place) in repeats:
        row = kept[key]
        if all(getattr(row, name) == getattr(reading, name) for name in _MEASURED):
            receipt.repeated += 1
            continue
        name = f"{code}@{format_moment(reading.at)}"
        held = {name: getattr(row, name) for name in ("at", *_MEASURED)}
        keep_conflict(session, "reading", name, held, reading._asdict(), now)
        differing = next(n for n in _MEASURED if getattr(row, n) != getattr(reading, n))
        refusal = Refusal(
            "conflict",
            differing,
            str(getattr(row, differing)),
            f"{getattr(reading, differing)} at {format_moment(reading.at)}",
        )
        receipt.refusals.append(refusal.at_place(place))
