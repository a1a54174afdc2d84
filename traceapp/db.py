"""Opening the database and the only place that commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from types import ModuleType
from typing import Any
from zlib import crc32

from sqlalchemy import (
    Engine,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

try:  # The wheel brings SQLite 3.53, which fixes a corruption of the bundled 3.40's WAL.
    from pysqlite3 import dbapi2 as _pysqlite3

    _sqlite: ModuleType = _pysqlite3
except ImportError:  # A platform without the wheel gets what its Python brings.
    _sqlite = sqlite3

#: An error is logged, and a statement's parameters may be a person's document.
_QUIET = {"hide_parameters": True}
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA cache_size=-65536",
    "PRAGMA trusted_schema=OFF",
)


#: SQLSTATEs and SQLite's names, by how they begin.
_TROUBLES = {
    "53100": "full",
    "SQLITE_FULL": "full",
    "25006": "read-only",
    "SQLITE_READONLY": "read-only",
    "55P03": "locked",
    "40P01": "locked",
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
}


class Database:
    """One database and its two kinds of transaction: one that writes, one that only reads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Generator[Session, None, None]:
        """A writing transaction: leaving normally commits, an exception rolls back."""
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"is_writing": True})
            yield session
            session.commit()

    @contextmanager
    def read(self) -> Generator[Session, None, None]:
        """A reading transaction: on PostgreSQL it refuses to write, on SQLite it is rolled back.

        On PostgreSQL it ends with a COMMIT: at each ROLLBACK the driver forgets the statements
        that the server has prepared, and to plan them anew takes longer than to answer them.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            if self.is_sqlite:
                yield session  # Closing the session rolls back.
                return
            session.connection(execution_options={"postgresql_readonly": True})
            try:
                yield session
            except SQLAlchemyError:
                raise
            except Exception:  # Nothing ails the database: what was asked for is not there, or so.
                session.commit()
                raise
            session.commit()

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, process: str = "traceapp") -> Database:
    """The database at an SQLAlchemy URL: `postgresql+psycopg://…` or `sqlite:///PATH`.

    PostgreSQL shows our connections under the name of the `process`, 63 characters long at most.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return Database(_open_sqlite(url))
    # To compile a query takes longer than any of ours, and PostgreSQL would by its own estimates.
    connect_args = {"options": "-c timezone=UTC -c jit=off", "application_name": process}
    return Database(create_engine(url, pool_pre_ping=True, connect_args=connect_args, **_QUIET))


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(url, module=_sqlite, connect_args={"timeout": 30}, **_QUIET)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # The driver must not begin transactions by itself.
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        # A writer takes its lock at once: two readers that both turn writers would deadlock.
        is_writing = connection.get_execution_options().get("is_writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")

    return engine


def trouble_of(error: SQLAlchemyError) -> str:
    """What ails a database that refused to work: full, read-only, locked, or unreachable."""
    original: Any = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    for start, trouble in _TROUBLES.items():
        if str(state or "").startswith(start):
            return trouble
    return "unreachable"


def is_postgresql(session: Session) -> bool:
    """Whether the session speaks to PostgreSQL; it is SQLite otherwise."""
    return session.get_bind().dialect.name == "postgresql"


def is_writing(session: Session) -> bool:
    """Whether a session's transaction may write."""
    return bool(session.connection().get_execution_options().get("is_writing", False))


def first_row_in_binary(session: Session, statement: str, parameters: Sequence[Any]) -> Any:
    """The first row of a PostgreSQL query, its bytes taken from the wire as they are.

    SQLAlchemy asks for text, and a megabyte would be spelled out and read again. Errors are its.
    """
    connection = session.connection()
    faults = connection.dialect.loaded_dbapi.Error
    try:
        with closing(connection.connection.cursor(binary=True)) as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()
    except faults as error:
        raise DBAPIError.instance(statement, None, error, faults, hide_parameters=True) from error


def copy_in(session: Session, statement: str, content: bytes) -> None:
    """Give PostgreSQL what a COPY … FROM STDIN takes. Errors are SQLAlchemy's."""
    connection = session.connection()
    faults = connection.dialect.loaded_dbapi.Error
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(content)
    except faults as error:
        raise DBAPIError.instance(statement, None, error, faults, hide_parameters=True) from error


def copy_rows(session: Session, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Give PostgreSQL rows of plain values for a COPY … FROM STDIN. Errors are SQLAlchemy's."""
    connection = session.connection()
    faults = connection.dialect.loaded_dbapi.Error
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except faults as error:
        raise DBAPIError.instance(statement, None, error, faults, hide_parameters=True) from error


def lock_for_migration(session: Session) -> None:
    """Let one process migrate at a time (SQLite's writers wait for one another anyway)."""
    if is_postgresql(session):
        session.execute(text("SELECT pg_advisory_xact_lock(7200459)"))


def lock_for_months(session: Session) -> None:
    """Let one process make months of readings at a time; only PostgreSQL keeps them apart."""
    session.execute(text("SELECT pg_advisory_xact_lock(7200460)"))


#: What numbers are locked for, apart from each other: the stories of corrections, packs that are
#: named, lots that nobody noted yet, and lots whose shipments explain where packs are. ADR 0027
#: says in which order these and rows are locked.
MOVEMENT_STORIES, DOSE_STORIES, PACKS, NEW_LOTS, DEPARTURES = range(7200461, 7200466)
#: Sensors that are registered, by their row ids. Of two that register several at once, in other
#: orders, PostgreSQL may end one, which is tried again.
SENSOR_MOVES = 7200466
#: Names share so few numbers that many facts at once need few locks.
_STRIPES = 256


def stripe(name: str) -> int:
    """The number under which a name is locked, with some others."""
    return crc32(name.encode()) % _STRIPES


def lock_numbers(
    session: Session, space: int, alone: Collection[int], together: Collection[int] = ()
) -> None:
    """Hold 32-bit numbers until the transaction ends, in their order, `together` with others.

    Whoever wants one of them alone waits for all who hold it. SQLite has one writer anyway.
    """
    lonely = set(alone)
    numbers = sorted(lonely | set(together))
    if not (numbers and is_postgresql(session)):
        return
    session.execute(
        _LOCK_NUMBERS,
        {"space": space, "numbers": numbers, "alone": [one in lonely for one in numbers]},
    ).all()


#: A row each in the order of the arrays, so that nobody waits in a circle.
_LOCK_NUMBERS = text(
    "SELECT CASE WHEN wanted.alone"
    " THEN pg_advisory_xact_lock(:space, wanted.number)::text"
    " ELSE pg_advisory_xact_lock_shared(:space, wanted.number)::text END"
    " FROM unnest(CAST(:numbers AS int[]), CAST(:alone AS bool[])) AS wanted (number, alone)"
)
