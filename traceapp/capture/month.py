"""The months of `reading` on PostgreSQL: each is a table of its own, made before it is needed.

A month is made beside the table and then attached, which stops nobody who reads or writes. There
is no default part: with one, PostgreSQL could not read a sensor's readings part by part, newest
first. So a reading that no part takes gets its month made first, and is never refused for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql, lock_for_months

MONTHS_BACK, MONTHS_AHEAD = 3, 12
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)
_EDGES = {"MINVALUE": _EARLIEST, "MAXVALUE": _LATEST}
_BOUNDS = re.compile(r"FOR VALUES FROM \('?(.+?)'?\) TO \('?(.+?)'?\)")
_CHECK_VIOLATION = "23514"
_HAS_MADE = "has_made_months"
#: The comment of a month that was put away, and made again for what came late.
_MADE_AGAIN = "made again"


class Span(NamedTuple):
    """A stretch of time, [since, until)."""

    since: datetime
    until: datetime


#: The parts of each database as they were last seen committed.
_SEEN: WeakKeyDictionary[Engine, list[Span]] = WeakKeyDictionary()


def make_months(session: Session, now: datetime) -> list[str]:
    """Make the months around `now` that are missing; returns the names of the new tables.

    The first time, everything before them gets one table, `reading_earlier`.
    """
    if not is_postgresql(session):
        return []
    months = [_month(now, later) for later in range(-MONTHS_BACK, MONTHS_AHEAD + 1)]
    parts = _parts(session)
    if not any(gap for month in months for gap in _gaps(month, parts)):
        return []
    lock_for_months(session)
    made = []
    if not _parts(session):
        made.append(_attach(session, "reading_earlier", Span(_EARLIEST, months[0].since)))
    return made + _make(session, months)


def lacking_months(session: Session) -> Callable[[datetime, datetime], bool]:
    """Whether the readings of some of [since, until) were put away, as things are now.

    A month that was made again for a late reading has that one; the others are still away.
    """
    if not is_postgresql(session):
        return lambda since, until: False
    parts = _parts(session, _MADE_AGAIN)
    return lambda since, until: any(_gaps(Span(since, until), parts))


@contextmanager
def within_months(session: Session, first: datetime, last: datetime) -> Iterator[None]:
    """Insert readings of [first, last] in this block: their months are there, made if need be.

    Raises OperationalError when somebody detached one meanwhile: the next attempt makes it anew.
    """
    if not is_postgresql(session):
        yield
        return
    engine = session.connection().engine
    wanted = Span(first, last + timedelta(microseconds=1))
    if any(_gaps(wanted, _SEEN.get(engine, ()))):
        _look_again(session, engine, wanted)
    try:
        yield
    except IntegrityError as error:
        if not _says_no_part(error):
            raise
        _SEEN.pop(engine, None)
        raise OperationalError(error.statement, error.params, error.orig or error) from error


def _look_again(session: Session, engine: Engine, wanted: Span) -> None:
    """Make the months that are missing, and remember what was there already.

    What this transaction made is not remembered: it may still be rolled back.
    """
    parts = _parts(session)
    if any(_gaps(wanted, parts)):
        lock_for_months(session)
        session.info[_HAS_MADE] = True
        missing = list(_gaps(wanted, _parts(session)))
        _make(session, sorted({month for gap in missing for month in _months(gap)}))
    elif _HAS_MADE not in session.info:
        _SEEN[engine] = parts


def _months(span: Span) -> Iterator[Span]:
    """The calendar months that a stretch touches."""
    month = _month(span.since)
    while month.since < span.until:
        yield month
        month = _month(month.until)


def _month(moment: datetime, later: int = 0) -> Span:
    """The calendar month (UTC) of a moment, or one `later` months after it."""
    moment = moment.astimezone(UTC)
    number = moment.year * 12 + moment.month - 1 + later
    first, after = (
        datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC) for count in (number, number + 1)
    )
    return Span(first, after)


def _parts(session: Session, but: str = "") -> list[Span]:
    """What the parts of the table cover, in time; those with a certain comment are left out."""
    bounds = session.scalars(
        text(
            "SELECT pg_get_expr(part.relpartbound, part.oid) FROM pg_inherits"
            " JOIN pg_class AS part ON part.oid = inhrelid WHERE inhparent = 'reading'::regclass"
            " AND coalesce(obj_description(part.oid, 'pg_class'), '') IS DISTINCT FROM :but"
        ),
        {"but": but or None},
    )
    return sorted(_span(said) for said in bounds)


def _span(bounds: str) -> Span:
    said = _BOUNDS.fullmatch(bounds)
    if said is None:  # Somebody's own default part takes everything.
        return Span(_EARLIEST, _LATEST)
    since, until = (_EDGES.get(edge) or datetime.fromisoformat(edge) for edge in said.groups())
    return Span(since, until)


def _gaps(wanted: Span, parts: Iterable[Span]) -> Iterator[Span]:
    """What no part covers of a stretch; the parts come in time."""
    since = wanted.since
    for part in parts:
        if part.until <= since or part.since >= wanted.until:
            continue
        if part.since > since:
            yield Span(since, part.since)
        since = part.until
    if since < wanted.until:
        yield Span(since, wanted.until)


def _make(session: Session, months: Iterable[Span]) -> list[str]:
    """Make what is missing of these months; the caller holds the lock.

    One that lies before others was there once: it says so in its comment.
    """
    parts, made = _parts(session), []
    for gap in [gap for month in months for gap in _gaps(month, parts)]:
        made.append(_attach(session, f"reading_{gap.since:%Y_%m}", gap))
        if any(part.since >= gap.until for part in parts):
            session.execute(text(f"COMMENT ON TABLE {made[-1]} IS '{_MADE_AGAIN}'"))
    return made


def _attach(session: Session, name: str, span: Span) -> str:
    table = _free_name(session, name)
    since = "MINVALUE" if span.since == _EARLIEST else f"'{span.since.isoformat()}'"
    session.execute(text(f"CREATE TABLE {table} (LIKE reading INCLUDING DEFAULTS)"))
    session.execute(
        text(
            f"ALTER TABLE reading ATTACH PARTITION {table}"
            f" FOR VALUES FROM ({since}) TO ('{span.until.isoformat()}')"
        )
    )
    return table


def _free_name(session: Session, name: str) -> str:
    """The name, or one with a number: a month that was detached may still bear it."""
    free, number = name, 1
    while session.scalar(text("SELECT to_regclass(:name)"), {"name": free}) is not None:
        number += 1
        free = f"{name}_{number}"
    return free


def _says_no_part(error: IntegrityError) -> bool:
    """Whether PostgreSQL had no part for a row; it calls that a check without a name."""
    said = getattr(error.orig, "diag", None)
    return (
        said is not None
        and said.sqlstate == _CHECK_VIOLATION
        and said.table_name == "reading"
        and said.constraint_name is None
    )
