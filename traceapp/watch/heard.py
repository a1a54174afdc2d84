"""What sensors said of units over many stretches, fetched with few questions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.orm import Session

from schemas.reading import PLAUSIBLE_CELSIUS
from traceapp.db import is_postgresql
from traceapp.models.base import microseconds, moment_of
from traceapp.models.reading import Reading
from traceapp.models.sensor import Attachment, Sensor
from traceapp.rows import among_later, fetch, spell_list
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.exposure import Heard
from traceapp.rules.judging import Pace
from traceapp.rules.sample import Sample
from traceapp.watch.profile import START_OF_TIME

#: Nothing is kept of a unit with a sensor that may be silent for longer: a reading changes how
#: long the ones around it held, as far away as that.
LONGEST_SILENCE = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_USABLE = "celsius BETWEEN {} AND {}".format(*PLAUSIBLE_CELSIUS)
# The order within keeps PostgreSQL from reading whole months for a few stretches.
_POSTGRESQL = text(
    "SELECT wanted.number, reading.at, reading.celsius FROM unnest(CAST(:sensors AS integer[]),"  # noqa: S608 - our own words
    " CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[]))"
    " WITH ORDINALITY AS wanted(sensor_id, since, until, number) CROSS JOIN LATERAL ("
    " SELECT at, celsius FROM reading WHERE sensor_id = wanted.sensor_id AND at >= wanted.since"
    f" AND at <= wanted.until AND {_USABLE} ORDER BY at) AS reading"
    " ORDER BY wanted.number, reading.at"
)
_SQLITE = text(
    "SELECT wanted.key + 1 AS number, at, celsius FROM json_each(:wanted) AS wanted"  # noqa: S608 - our own words
    " CROSS JOIN reading ON sensor_id = json_extract(wanted.value, '$[0]')"
    " AND at >= json_extract(wanted.value, '$[1]') AND at <= json_extract(wanted.value, '$[2]')"
    f" AND {_USABLE} ORDER BY wanted.key, at"
)


class Span(NamedTuple):
    """A unit during [since, until), and as of when it is asked whether a sensor is silent."""

    unit_id: int
    since: datetime
    until: datetime
    as_of: datetime = END_OF_TIME


class Attached(NamedTuple):
    """A sensor in a unit during [from_at, until_at), open where it still stands there."""

    sensor_id: int
    pace: Pace
    from_at: datetime
    until_at: datetime | None

    def overlaps(self, since: datetime, until: datetime) -> bool:
        return self.from_at < until and (self.until_at is None or self.until_at > since)


class _Wanted(NamedTuple):
    """The readings of a sensor in [since, until], for one span."""

    place: int
    attached: Attached
    since: datetime
    until: datetime

    def heard(self, samples: Sequence[Sample]) -> Heard:
        return Heard(self.attached.pace, samples, self.attached.until_at)


def load_attached(session: Session, unit_ids: Collection[int]) -> dict[int, list[Attached]]:
    """The sensors that ever stood in units, by unit."""
    found: dict[int, list[Attached]] = {}
    for unit_id, one in _attached(session, Attachment.unit_id, unit_ids):
        found.setdefault(unit_id, []).append(one)
    return found


def load_units_of(
    session: Session, sensor_ids: Collection[int]
) -> dict[int, list[tuple[int, Attached]]]:
    """The units in which sensors ever stood, by sensor."""
    found: dict[int, list[tuple[int, Attached]]] = {}
    for unit_id, one in _attached(session, Attachment.sensor_id, sensor_ids):
        found.setdefault(one.sensor_id, []).append((unit_id, one))
    return found


def _attached(
    session: Session, column: Any, values: Collection[int]
) -> Iterator[tuple[int, Attached]]:
    asked = spell_list(session, "ids", values)
    rows = fetch(session, attachments(is_postgresql(session), column.key), asked)
    for row in rows:
        yield row.unit_id, attached_of(row)


def attached_of(row: Any) -> Attached:
    """A row of `attachments` as what it says."""
    pace = Pace.of(row.interval_s, row.silence_s)
    return Attached(row.id, pace, row.from_at or START_OF_TIME, row.until_at)


@lru_cache
def attachments(is_on_postgresql: bool, column: str) -> Select[*tuple[Any, ...]]:
    """The query for the attachments that have one of the `ids` in a column.

    Made once: to make a statement anew each time costs more than the database takes for it.
    """
    return (
        select(
            Attachment.unit_id,
            Sensor.id,
            Sensor.interval_s,
            Sensor.silence_s,
            Attachment.from_at,
            Attachment.until_at,
        )
        .join(Sensor, Attachment.sensor_id == Sensor.id)
        .where(among_later(is_on_postgresql, getattr(Attachment, column), "ids"))
        .order_by(Attachment.id)
    )


def hear(
    session: Session, spans: Sequence[Span], attached: Mapping[int, Sequence[Attached]]
) -> list[list[Heard]]:
    """What bears on each span: usable readings in it, and as far around it as they matter.

    A reading before it matters where it is no older than the silence limit; one after it where
    it comes before the sensor counts as silent, or where it shows that the sensor still speaks.
    """
    wanted = [
        _wanted(place, span, one)
        for place, span in enumerate(spans)
        for one in attached.get(span.unit_id, ())
        if one.overlaps(span.since, span.until)
    ]
    samples = _samples(session, wanted)
    doubtful = [
        place
        for place, one in enumerate(wanted)
        if _is_doubtful(spans[one.place], one.heard(samples[place]))
    ]
    for place in _heard_later(session, wanted, doubtful):
        samples[place].append(Sample(END_OF_TIME, 0.0))
    heard: list[list[Heard]] = [[] for _ in spans]
    for one, mine in zip(wanted, samples, strict=True):
        heard[one.place].append(one.heard(mine))
    return heard


def is_settled(span: Span, heard: Iterable[Heard]) -> bool:
    """Whether nothing that a sensor says long after a span can change what `hear` told of it."""
    return not any(_is_doubtful(span, one) for one in heard)


def _wanted(place: int, span: Span, one: Attached) -> _Wanted:
    since = max(span.since - one.pace.silence, one.from_at)
    until = span.until + one.pace.silence
    return _Wanted(place, one, since, min(until, one.until_at or until))


def _is_doubtful(span: Span, one: Heard) -> bool:
    """Whether it matters if the sensor was heard after all this."""
    if one.until_at is not None or not one.samples:
        return False
    last_at = one.samples[-1].at
    return last_at < span.until and span.as_of - last_at <= one.pace.silence


def _samples(session: Session, wanted: Sequence[_Wanted]) -> list[list[Sample]]:
    found: list[list[Sample]] = [[] for _ in wanted]
    if not wanted:
        return found
    if is_postgresql(session):
        told: dict[str, Any] = {
            "sensors": [one.attached.sensor_id for one in wanted],
            "sinces": [one.since for one in wanted],
            "untils": [one.until for one in wanted],
        }
        for number, at, celsius in fetch(session, _POSTGRESQL, told):
            found[number - 1].append(Sample(at, celsius))
        return found
    spelled = [
        (one.attached.sensor_id, microseconds(one.since), microseconds(one.until)) for one in wanted
    ]
    for number, at, celsius in fetch(session, _SQLITE, {"wanted": json.dumps(spelled)}):
        found[number - 1].append(Sample(moment_of(at), celsius))
    return found


_NEXT = (
    select(Reading.at)
    .where(Reading.sensor_id == bindparam("sensor_id"), Reading.at > bindparam("after"))
    .where(Reading.celsius.between(*PLAUSIBLE_CELSIUS))
    .order_by(Reading.at)
    .limit(1)
)


def _heard_later(session: Session, wanted: Sequence[_Wanted], places: Sequence[int]) -> list[int]:
    """Those of `places` whose sensor has a usable reading later than what was wanted."""
    later = []
    for place in places:
        one = wanted[place]
        asked = {"sensor_id": one.attached.sensor_id, "after": one.until}
        if fetch(session, _NEXT, asked):
            later.append(place)
    return later
