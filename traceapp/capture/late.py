"""Late readings that change nothing: quiet after their predecessor, and their successor after them.

Most late readings are of this kind, and none of them needs to be judged again. Of sensors that
we know by heart they are told before they are stored, and need no more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.capture.memory import Memory
from traceapp.models.base import microseconds, moment_of
from traceapp.models.excursion import Run
from traceapp.models.sensor import Attachment
from traceapp.rows import among
from traceapp.rules.episode import END_OF_TIME
from traceapp.rules.quiet import Last, Measured, Terms, is_quiet, terms_of
from traceapp.rules.sample import Sample
from traceapp.watch.post import Post
from traceapp.watch.sample import NEAR, Neighbours, neighbours

_Key = tuple[int, datetime]
_MOST = 1_000
_MICROSECOND = timedelta(microseconds=1)


class Stand(NamedTuple):
    """The terms that a sensor stood under during [from_at, until_at)."""

    terms: Terms
    from_at: datetime
    until_at: datetime


_StandAt = Callable[[int, datetime], Stand | None]


def fit_between(
    session: Session,
    fresh: Mapping[int, Sequence[Sample]],
    posts: Mapping[int, Sequence[Post]],
    newest: Mapping[int, Sample],
) -> set[int]:
    """The sensors whose `fresh` readings, just stored, are all late and all change nothing."""
    late = {
        (sensor_id, sample.at): sample
        for sensor_id, samples in fresh.items()
        if sensor_id in newest and sensor_id in posts and samples[-1].at < newest[sensor_id].at
        for sample in samples
    }

    def stand_at(sensor_id: int, moment: datetime) -> Stand | None:
        post = next((one for one in posts[sensor_id] if one.covers(moment)), None)
        terms = post and terms_of(post.profile, post.pace)
        return Stand(terms, post.from_at, post.until_at) if post and terms else None

    fitting = _fitting(session, late, stand_at, are_stored=True)
    return {sensor_id for sensor_id, _ in late} - {key[0] for key in late if key not in fitting}


def fit_known(
    session: Session, come: Mapping[int, tuple[int, Measured]], memory: Memory, now: datetime
) -> set[int]:
    """The sensors known by heart whose late reading is new and changes nothing.

    `come` is one reading of each, with its moment in microseconds since 1970; it is not stored
    yet, and is to be stored in this transaction.
    """
    late = {
        (sensor_id, moment_of(moment)): _sample_of(moment_of(moment), reading, now)
        for sensor_id, (moment, reading) in come.items()
    }

    def stand_at(sensor_id: int, moment: datetime) -> Stand | None:
        terms, from_at = memory.stand(sensor_id)
        is_here = microseconds(moment) >= from_at
        return Stand(terms, moment_of(from_at), END_OF_TIME) if is_here else None

    fitting = {sensor_id for sensor_id, _ in _fitting(session, late, stand_at, are_stored=False)}
    for sensor_id in fitting:
        moment, reading = come[sensor_id]
        memory.note_late(sensor_id, moment, reading.celsius)
    return fitting


def _sample_of(at: datetime, reading: Measured, now: datetime) -> Sample:
    """A reading within its terms, which is plausible."""
    return Sample(
        at,
        reading.celsius,
        reading.power,
        reading.door_open,
        battery=reading.battery,
        seq=reading.seq,
        boot=reading.boot,
        received_at=now,
    )


def _fitting(
    session: Session, late: Mapping[_Key, Sample], stand_at: _StandAt, *, are_stored: bool
) -> set[_Key]:
    """The late readings that are quiet between their neighbours, and no run is near.

    Where they are not stored yet, those that somebody else has stored already do not fit.
    """
    if not late:
        return set()
    found = {key: one for key, one in _around(session, list(late)).items()
             if are_stored or not one.is_stored}  # fmt: skip
    stands = {key: stand_at(key[0], one.before.at) for key, one in found.items()}
    fitting = {
        key: one
        for key, one in found.items()
        if (stand := stands[key]) and _fits(stand, late[key], one.before, one.after)
    }
    runs = _runs_near(session, fitting)
    staying = _staying(session, late, fitting, stands)
    return {
        key
        for key, one in fitting.items()
        if key not in staying
        and not any(
            start <= one.after.at and end >= one.before.at for start, end in runs.get(key[0], ())
        )
    }


def _around(session: Session, keys: Sequence[_Key]) -> dict[_Key, Neighbours]:
    """The usable readings just before and after each moment that has both."""
    found: dict[_Key, Neighbours] = {}
    for start in range(0, len(keys), _MOST):
        found |= neighbours(session, keys[start : start + _MOST])
    return found


def _staying(
    session: Session,
    late: Mapping[_Key, Sample],
    found: Mapping[_Key, Neighbours],
    stands: Mapping[_Key, Stand | None],
) -> set[_Key]:
    """The readings with which a value may stay for so long that its probe may be stuck.

    One that says what only one of its neighbours says makes that value stay for longer. Where
    another value was said just as long ago, it is still not for long enough.
    """
    asked: dict[_Key, list[_Key]] = {}
    for key, (before, after, _) in found.items():
        sensor_id, at = key
        is_same = before.celsius == late[key].celsius, late[key].celsius == after.celsius
        stand = stands[key]
        if all(is_same) or not any(is_same) or stand is None:
            continue
        step = stand.terms.stuck * _MICROSECOND - _MICROSECOND
        asked.setdefault((sensor_id, at - step if is_same[0] else at + step), []).append(key)
    there = _around(session, list(asked)) if asked else {}
    return {
        key
        for far, keys in asked.items()
        for key in keys
        if far in there and _says_the_same(there[far], late[key])
    }


def _says_the_same(there: Neighbours, sample: Sample) -> bool:
    return there.before.celsius == sample.celsius == there.after.celsius


def _runs_near(
    session: Session, found: Mapping[_Key, Neighbours]
) -> dict[int, list[tuple[datetime, datetime]]]:
    """The runs of each sensor that may lie between some of the neighbours.

    Also the times in which the value of another probe of its unit stayed.
    """
    if not found:
        return {}
    first = min(one.before.at for one in found.values())
    last = max(one.after.at for one in found.values())
    rows = session.execute(
        select(Attachment.sensor_id, Run.started_at, Run.ended_at)
        .join(Run, Run.unit_id == Attachment.unit_id)
        .where(
            among(session, Attachment.sensor_id, {sensor_id for sensor_id, _ in found}),
            (Run.sensor_id == Attachment.sensor_id) | (Run.rule == "stuck"),
            Run.started_at <= last,
            (Run.ended_at.is_(None)) | (Run.ended_at >= first),
        )
    )
    runs: dict[int, list[tuple[datetime, datetime]]] = {}
    for sensor_id, started_at, ended_at in rows:
        runs.setdefault(sensor_id, []).append((started_at, ended_at or END_OF_TIME))
    return runs


def _fits(stand: Stand, sample: Sample, before: Sample, after: Sample) -> bool:
    """Whether all three stand under the same terms, and each is quiet after the one before it."""
    is_far = stand.terms.silence * _MICROSECOND > NEAR  # Some neighbours may be further away.
    if is_far or after.at >= stand.until_at or sample.is_implausible:
        return False
    return _follows(stand.terms, before, sample) and _follows(stand.terms, sample, after)


def _follows(terms: Terms, before: Sample, sample: Sample) -> bool:
    at = microseconds(before.at)
    last = Last(at, before.celsius, before.seq, hash(before.boot), at)
    heard_at = microseconds(sample.received_at or END_OF_TIME)
    return is_quiet(terms, last, microseconds(sample.at), sample, heard_at)
