"""Inserting rows that may be there already, on PostgreSQL and SQLite alike."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from traceapp.db import is_postgresql
from traceapp.models.base import Base


def insert(session: Session, model: type[Base]) -> Any:
    """An INSERT of the session's dialect that knows ON CONFLICT."""
    if is_postgresql(session):
        return postgresql.insert(model)
    return sqlite.insert(model)
