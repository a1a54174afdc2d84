"""What a gateway has taken and the record has not acknowledged: one SQLite file."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from traceapp.db import open_database
from traceapp.publish.line import Line
from traceapp.publish.source import Position

_metadata = MetaData()
_waiting = Table(
    "waiting",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("sensor", Text, nullable=False),
    Column("reading", LargeBinary, nullable=False),
    # An id is never given again: whoever walks through the buffer must not miss a newcomer.
    sqlite_autoincrement=True,
)
_refused = Table(
    "refused",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("sensor", Text, nullable=False),
    Column("line", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False, index=True),
    Column("report", Text, nullable=False),
)
_sensor = Table("sensor", _metadata, Column("code", Text, primary_key=True))
_source = Table(
    "source",
    _metadata,
    Column("path", Text, primary_key=True),
    Column("tail", LargeBinary, nullable=False),
    Column("offset", Integer, nullable=False),
)


class BufferTaken(Exception):
    """Another publisher uses this buffer."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A reading in the buffer."""

    id: int
    sensor: str
    reading: bytes


class Buffer:
    """Readings in the order in which they came; what a method has done survives a power cut."""

    def __init__(self, folder: Path, most: int) -> None:
        """Open or make the buffer in `folder`; with `most` lines in it it is full."""
        _make_folder(folder)
        self.most = most
        self._lock_file = (folder / "lock").open("wb")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.close()
            raise BufferTaken(f"Another publisher uses the buffer {folder}.") from None
        self.path = folder / "buffer.db"
        self._database = open_database(f"sqlite:///{self.path}")
        self._counting = threading.Lock()
        with self._database.begin() as session:
            _metadata.create_all(session.connection())
            self.waiting = _count(session, _waiting)
            self.refused = _count(session, _refused)
            self.last_id = session.scalar(select(func.max(_waiting.c.id))) or 0
            self.sensors = set(session.scalars(select(_sensor.c.code)))

    @property
    def is_full(self) -> bool:
        return self.waiting + self.refused >= self.most

    def append(self, lines: Sequence[Line], position: Position | None = None) -> None:
        """Keep lines, and how far their file is taken by that; durable on return."""
        good = [line for line in lines if not line.reason]
        bad = [line for line in lines if line.reason]
        new = {line.sensor for line in good} - self.sensors
        with self._database.begin() as session:
            if good:
                rows = [{"sensor": line.sensor, "reading": line.content} for line in good]
                session.execute(insert(_waiting), rows)
            if bad:
                session.execute(insert(_refused), [_refused_line(line) for line in bad])
            if new:
                session.execute(insert(_sensor), [{"code": code} for code in sorted(new)])
            if position is not None:
                _go_on_from(session, position)
            last_id = session.scalar(select(func.max(_waiting.c.id))) or 0
        with self._counting:
            self.waiting += len(good)
            self.refused += len(bad)
            self.last_id = max(self.last_id, last_id)
            self.sensors = self.sensors | new

    def load(self, after_id: int, most: int) -> list[Kept]:
        """Return the next readings after one, oldest first."""
        query = select(_waiting).where(_waiting.c.id > after_id).order_by(_waiting.c.id)
        with self._database.read() as session:
            return [Kept(*row) for row in session.execute(query.limit(most))]

    def release(self, ids: Sequence[int]) -> None:
        """Forget readings, because the record has them."""
        with self._database.begin() as session:
            session.connection().execute(
                delete(_waiting).where(_waiting.c.id == bindparam("of")),
                [{"of": number} for number in ids],
            )
        with self._counting:
            self.waiting -= len(ids)

    def refuse(self, kept: Kept, sha256: str, report: str) -> None:
        """Put a reading aside that the record refused in the message of this digest."""
        row = {"sensor": kept.sensor, "line": kept.reading, "sha256": sha256, "report": report}
        with self._database.begin() as session:
            session.execute(delete(_waiting).where(_waiting.c.id == kept.id))
            session.execute(insert(_refused), row)
        with self._counting:
            self.waiting -= 1
            self.refused += 1

    def explain(self, sha256: str, report: str) -> None:
        """Write the rejection report beside what was refused."""
        with self._database.begin() as session:
            session.execute(
                update(_refused)
                .where(_refused.c.sha256 == sha256, _refused.c.report == "")
                .values(report=report)
            )

    def position(self, path: Path) -> Position | None:
        """Return how far a file was taken."""
        query = select(_source).where(_source.c.path == str(path))
        with self._database.read() as session:
            row = session.execute(query).one_or_none()
        return None if row is None else Position(*row)

    def close(self) -> None:
        """Close the file and let another publisher have it."""
        self._database.close()
        self._lock_file.close()


def _refused_line(line: Line) -> dict[str, object]:
    return {"sensor": line.sensor, "line": line.content, "sha256": "", "report": line.reason}


def _go_on_from(session: Session, position: Position) -> None:
    session.execute(delete(_source).where(_source.c.path == position.path))
    row = {"path": position.path, "tail": position.tail, "offset": position.offset}
    session.execute(insert(_source), row)


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _make_folder(folder: Path) -> None:
    """Make a folder of which a power cut leaves the name as well (SQLite sees to the rest)."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in missing:
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
