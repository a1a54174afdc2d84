"""Many rows into PostgreSQL without the work of every index for every row."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from sqlalchemy import text

from traceapp.db import Database

#: Unique constraints and plain indexes of tables: how each is taken out, and how it is put back.
#: Primary keys stay: other tables refer to them, and rows come in their order.
_UNIQUE = """
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', relname, conname),
       format('ALTER TABLE %I ADD CONSTRAINT %I %s', relname, conname, pg_get_constraintdef(c.oid))
FROM pg_constraint AS c JOIN pg_class ON pg_class.oid = c.conrelid
WHERE c.contype = 'u' AND relname = ANY(:tables) ORDER BY conname
"""
_PLAIN = """
SELECT format('DROP INDEX %I', relname), pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid::regclass::text = ANY(:tables)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
ORDER BY relname
"""
#: How a server that is thrown away writes most quickly: a crash would cost it everything.
_HASTY = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_wal_size": "16GB",
    "maintenance_work_mem": "1GB",
}


@contextmanager
def without_indexes(database: Database, tables: Sequence[str]) -> Generator[None, None, None]:
    """Take the indexes of these tables out, and build them anew at the end of the block."""
    if database.is_sqlite:
        yield
        return
    names = {"tables": list(tables)}
    with database.begin() as session:
        steps = [row for query in (_UNIQUE, _PLAIN) for row in session.execute(text(query), names)]
        for out, _ in steps:
            session.execute(text(out))
    yield
    for _, back in steps:
        with database.begin() as session:
            session.execute(text(back))


@contextmanager
def hastily(database: Database) -> Generator[None, None, None]:
    """Let a private PostgreSQL write without caring for a crash; at the end all is as it comes."""
    if database.is_sqlite:
        yield
        return
    _configure(database, [f"ALTER SYSTEM SET {name} = '{value}'" for name, value in _HASTY.items()])
    yield
    _configure(database, ["ALTER SYSTEM RESET ALL", "CHECKPOINT"])


def _configure(database: Database, statements: Sequence[str]) -> None:
    with database.engine.connect() as connection:
        now = connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in statements:
            now.exec_driver_sql(statement)
        now.exec_driver_sql("SELECT pg_reload_conf()")
