"""What a batch of messages does to the record, in one transaction and nothing outside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from ingest.decode import Known, Rejected, Said, decode
from ingest.topic import read_topic
from schemas.document import Refusal, load_json
from traceapp.capture.late import fit_known
from traceapp.capture.memory import Memory
from traceapp.capture.movement import record_movements
from traceapp.capture.prolong import prolong
from traceapp.capture.reading import record_readings
from traceapp.capture.reading_copy import copy_readings
from traceapp.capture.receipt import Receipt
from traceapp.capture.rejection import Refused, keep_rejection, keep_rejections
from traceapp.capture.stale import mark_late
from traceapp.capture.status import record_status
from traceapp.models.base import microseconds, moment_of

#: Contradictions are kept by capture, beside what they contradict.
_KEPT_ELSEWHERE = {"conflict"}


@dataclass(slots=True)
class Outcome:
    """What became of one message, for the answers that follow the commit."""

    said: Said
    stored: int = 0
    repeated: int = 0
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(slots=True)
class Settled:
    """What became of a batch: how many readings were quiet, and of the other messages each."""

    quiet: int
    outcomes: list[Outcome]

    @property
    def stored(self) -> int:
        return self.quiet + sum(outcome.stored for outcome in self.outcomes)


def record_batch(
    session: Session,
    known: Sequence[Known],
    batch: Sequence[Said],
    now: datetime,
    memory: Memory,
) -> Settled:
    """Write what the sensors known by heart say where it is quiet, then all the rest."""
    is_ours = memory.refresh(session)
    heard_at = microseconds(now)
    quiet: list[Known] = []
    others: list[Known] = []
    late: dict[int, Known] = {}
    for message in known:
        sensor_id, moments, readings, _, _, _ = message
        if memory.take(sensor_id, moments, readings, heard_at):
            quiet.append(message)
        elif len(moments) == 1 and sensor_id not in late and memory.is_late(sensor_id, moments[0]):
            late[sensor_id] = message
        else:
            others.append(message)
    come = {key: (message.moments[0], message.readings[0]) for key, message in late.items()}
    fitting = fit_known(session, come, memory, now)
    for sensor_id, message in late.items():
        (quiet if sensor_id in fitting else others).append(message)
    copy_readings(session, [message[:3] for message in quiet], now)
    prolong(session, memory.prolonged(), now)
    rest = [*batch, *(decode(message.topic, message.payload) for message in others)]
    outcomes = record(session, rest, now, memory if is_ours else None)
    if quiet:
        mark_late(session, moment_of(min(message.moments[0] for message in quiet)), _moments(quiet))
    stored = sum(len(message.moments) for message in quiet if message.ref is None)
    return Settled(stored, [*_answered(quiet), *outcomes])


def _moments(quiet: Sequence[Known]) -> Iterator[tuple[int, datetime]]:
    """The sensors and moments of quiet messages; asked for where some of them are late."""
    return ((one.sensor_id, moment_of(moment)) for one in quiet for moment in one.moments)


def _answered(quiet: Sequence[Known]) -> Iterator[Outcome]:
    """What became of quiet messages whose publishers wait for our answer."""
    for _, moments, _, ref, topic, payload in quiet:
        if ref is not None:
            said = Said(read_topic(topic), topic, payload, ref=ref)
            yield Outcome(said, stored=len(moments))


def record(
    session: Session, batch: Sequence[Said], now: datetime, memory: Memory | None = None
) -> list[Outcome]:
    """Write what a batch says; one outcome a message, in the same order."""
    outcomes = [
        Outcome(said, refusals=[rejected.refusal for rejected in said.rejected]) for said in batch
    ]
    refused = [
        Refused(said.route.topic, rejected.payload, rejected.refusal, said.route.site)
        for said in batch
        for rejected in said.rejected
    ]
    keep_rejections(session, refused, now)
    learn = partial(record_readings, memory=memory)
    _record_kind(session, outcomes, now, lambda said: said.readings, learn)
    _record_kind(session, outcomes, now, lambda said: said.movements, record_movements)
    newest = {said.status.sensor: said.status.status for said in batch if said.status}
    for sensor, status in sorted(newest.items()):
        record_status(session, sensor, status, now)
    return outcomes


def refuse(session: Session, said: Said, reason: str, error: str, now: datetime) -> Outcome:
    """Keep what could not be recorded, a message or one item of it, with the kind of error."""
    payload, field = said.payload, ""
    if said.is_part and said.places:
        payload, field = _item(said, said.places[0]), f"[{said.places[0]}]"
    refusal = Refusal(reason, field, "content that can be recorded", error[:80])
    _keep(session, said, Rejected(payload, refusal), now)
    return Outcome(said, refusals=[refusal])


def apart(said: Said) -> list[Said]:
    """A message as one message an item, so that a bad item does not hold the good ones back."""
    places = said.places or ()
    if len(places) + bool(said.rejected) <= 1:
        return [said]
    alone = replace(said, readings=None, movements=None, rejected=[], is_part=True)
    parts = [replace(alone, rejected=said.rejected, places=None)] if said.rejected else []
    for index, place in enumerate(places):
        part = replace(alone, places=[place])
        if said.readings:
            readings = said.readings.readings[index : index + 1]
            part.readings = replace(said.readings, readings=readings)
        if said.movements:
            movements = said.movements.movements[index : index + 1]
            part.movements = replace(said.movements, movements=movements)
        parts.append(part)
    return parts


def _record_kind(
    session: Session,
    outcomes: Sequence[Outcome],
    now: datetime,
    message_of: Callable[[Said], Any],
    record_all: Callable[[Session, Sequence[Any], datetime], list[Receipt]],
) -> None:
    speaking = [outcome for outcome in outcomes if message_of(outcome.said)]
    if not speaking:
        return
    receipts = record_all(session, [message_of(outcome.said) for outcome in speaking], now)
    for outcome, receipt in zip(speaking, receipts, strict=True):
        outcome.stored, outcome.repeated = receipt.stored, receipt.repeated
        for refusal in receipt.refusals:
            rejected = _placed(outcome.said, refusal)
            outcome.refusals.append(rejected.refusal)
            if refusal.reason not in _KEPT_ELSEWHERE:
                _keep(session, outcome.said, rejected, now)


def _keep(session: Session, said: Said, rejected: Rejected, now: datetime) -> None:
    route = said.route
    keep_rejection(session, route.topic, rejected.payload, rejected.refusal, now, route.site)


def _placed(said: Said, refusal: Refusal) -> Rejected:
    """A refusal of a good item by its index, said by its place in the publisher's own list."""
    index, bare = refusal.split_place()
    if index is None or said.places is None:
        return Rejected(said.payload, bare)
    place = said.places[index]
    return Rejected(_item(said, place), bare.at_place(place))


def _item(said: Said, place: int) -> bytes:
    """One item of the payload's list, as JSON."""
    document = load_json(said.payload)
    if isinstance(document, dict):
        document = document[said.route.kind]
    return msgspec.json.encode(document[place])
