"""Inserting rows: those that may be there already, and many plain ones at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from traceapp.db import copy_rows, is_postgresql
from traceapp.models.base import Base

#: From here on a COPY costs less than it takes to begin one.
_MANY = 10


def insert(session: Session, model: type[Base]) -> Any:
    """An INSERT of the session's dialect that knows ON CONFLICT."""
    if is_postgresql(session):
        return postgresql.insert(model)
    return sqlite.insert(model)


def insert_rows(
    session: Session, model: type[Base], names: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert new rows, given as the values of these columns; a JSON column's value is spelled."""
    if not rows:
        return
    session.flush()
    table, columns = model.__tablename__, ", ".join(names)
    if is_postgresql(session) and len(rows) >= _MANY:
        copy_rows(session, f"COPY {table} ({columns}) FROM STDIN", rows)
        return
    dialect = session.get_bind().dialect
    spell = [_binder(model, name, dialect) for name in names]
    mark = "%s" if is_postgresql(session) else "?"
    statement = f"INSERT INTO {table} ({columns}) VALUES ({', '.join([mark] * len(names))})"  # noqa: S608 - names of our own columns
    values = [tuple(say(one) for say, one in zip(spell, row, strict=True)) for row in rows]
    session.connection().exec_driver_sql(statement, values)


def _binder(model: type[Base], name: str, dialect: Any) -> Callable[[Any], Any]:
    kind = model.__table__.columns[name].type
    binder = None if isinstance(kind, JSON) else kind.dialect_impl(dialect).bind_processor(dialect)
    return binder or (lambda value: value)
