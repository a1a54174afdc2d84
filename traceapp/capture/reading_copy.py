"""Writing quiet readings: copied into the table as they are, because they are known to be new."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from traceapp.capture.month import within_months
from traceapp.capture.standing import Quiet
from traceapp.db import copy_in, is_postgresql
from traceapp.models.base import microseconds, moment_of
from traceapp.rules.quiet import Measured

#: What a reading may leave out, in the order in which it is copied, and how each is packed.
_OPTIONAL: dict[str, Callable[[int, Any], bytes]] = {
    "power": struct.Struct("!i?").pack,
    "door_open": struct.Struct("!i?").pack,
    "humidity": struct.Struct("!id").pack,
    "battery": struct.Struct("!id").pack,
    "battery_volts": struct.Struct("!id").pack,
    "seq": struct.Struct("!iq").pack,
}
_SIZES = {"power": 1, "door_open": 1, "humidity": 8, "battery": 8, "battery_volts": 8, "seq": 8}
_NAMES = ("sensor_id", "at", "celsius", "received_at", "is_implausible", *_SIZES, "boot")
_COPY = f"COPY reading ({', '.join(_NAMES)}) FROM STDIN (FORMAT BINARY)"
_INSERT = f"INSERT INTO reading ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608 - names of our own columns
#: PostgreSQL's binary COPY: signature, flags, no extension; at the end a row of -1 fields.
_HEAD, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
#: Number of fields; sensor_id int4, at int8, celsius float8, received_at int8, is_implausible bool.
_pack_measured = struct.Struct("!hiiiqidiqi?").pack
_pack_length = struct.Struct("!i").pack
#: PostgreSQL counts microseconds from 2000, we from 1970.
_FROM_2000 = microseconds(datetime(2000, 1, 1, tzinfo=UTC))
_UNIQUE_VIOLATION = "23505"


class Misremembered(Exception):
    """A reading that had to be new was there already: what was known by heart is not so."""


def copy_readings(session: Session, quiet: Sequence[Quiet], received_at: datetime) -> None:
    """Append readings that nobody has stored; raise Misremembered where somebody has."""
    if not quiet:
        return
    received = microseconds(received_at)
    if not is_postgresql(session):
        _insert_sqlite(session, quiet, received)
        return
    first = moment_of(min(moments[0] for _, moments, _ in quiet))
    last = moment_of(max(moments[-1] for _, moments, _ in quiet))
    content = b"".join(_packed(quiet, received - _FROM_2000))
    with within_months(session, first, last), _known_as_new():
        copy_in(session, _COPY, content)


@contextmanager
def _known_as_new() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if _is_known_already(error):
            raise Misremembered("Expected new readings, got one that is known.") from error
        raise


def _is_known_already(error: IntegrityError) -> bool:
    """Whether the key of a row was there, and not its month missing."""
    return getattr(error.orig, "sqlstate", _UNIQUE_VIOLATION) == _UNIQUE_VIOLATION


def _packed(quiet: Iterable[Quiet], received: int) -> list[bytes]:
    """Each reading as PostgreSQL sends and takes rows."""
    parts, fields = [_HEAD], len(_NAMES)
    for sensor_id, moments, readings in quiet:
        for at, one in zip(moments, readings, strict=True):
            row = _pack_measured(
                fields, 4, sensor_id, 8, at - _FROM_2000, 8, one.celsius, 8, received, 1, False
            )
            parts.append(row + (_NOTHING_MORE if _is_bare(one) else _packed_optional(one)))
    parts.append(_END)
    return parts


def _is_bare(one: Any) -> bool:
    """Whether a reading has a temperature and nothing else."""
    return (
        one.seq is None
        and one.battery is None
        and one.power is None
        and one.door_open is None
        and one.humidity is None
        and one.battery_volts is None
        and one.boot is None
    )


def _packed_optional(reading: Measured) -> bytes:
    parts = []
    for name, pack in _OPTIONAL.items():
        value = getattr(reading, name)
        parts.append(_NULL if value is None else pack(_SIZES[name], value))
    boot = None if reading.boot is None else reading.boot.encode()
    return b"".join((*parts, _NULL if boot is None else _pack_length(len(boot)) + boot))


_NOTHING_MORE = _NULL * (len(_OPTIONAL) + 1)


def _insert_sqlite(session: Session, quiet: Sequence[Quiet], received: int) -> None:
    optional = attrgetter(*_SIZES, "boot")
    spelled = [
        (sensor_id, at, one.celsius, received, False, *optional(one))
        for sensor_id, moments, readings in quiet
        for at, one in zip(moments, readings, strict=True)
    ]
    with _known_as_new():
        session.connection().exec_driver_sql(_INSERT, spelled)
