"""A disk that is full: what it has no room for waits with the broker, and nobody is blamed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from ingest.service import Service
from tests.fakes.broker import FakeBroker
from tests.integration.ingest.conftest import NOW, Clock
from traceapp.db import Database
from traceapp.models.reading import Reading
from traceapp.models.rejection import Rejection
from traceapp.trace.vitals import vitals

READINGS = 1_000
_FUNCTION = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""
_TRIGGER = "CREATE TRIGGER full_disk BEFORE INSERT ON reading EXECUTE FUNCTION full_disk()"


class Disk:
    """Has room for a sign of life and none for readings, until it has room again.

    SQLite's file may really not grow; PostgreSQL is made to say what it says then.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._most_pages = 1_000_000
        if database.is_sqlite:
            event.listen(database.engine, "begin", self._limit, insert=True)

    def fill(self) -> None:
        """Leave no room."""
        if self._database.is_sqlite:
            self._most_pages = 1  # SQLite takes what the file has by now.
            return
        self._execute(_FUNCTION, _TRIGGER)

    def free(self) -> None:
        """Leave room again."""
        self._most_pages = 1_000_000
        if not self._database.is_sqlite:
            self._execute("DROP TRIGGER full_disk ON reading")

    def _limit(self, connection: Any) -> None:
        connection.connection.execute(f"PRAGMA max_page_count = {self._most_pages}")

    def _execute(self, *statements: str) -> None:
        with self._database.begin() as session:
            for statement in statements:
                session.execute(text(statement))


@pytest.fixture
def disk(database: Database) -> Disk:
    return Disk(database)


def readings() -> str:
    begin = NOW - timedelta(minutes=READINGS)
    moments = [begin + timedelta(minutes=number) for number in range(READINGS)]
    listed = [{"at": at.isoformat(), "celsius": 4.0} for at in moments]
    return json.dumps({"ref": "r", "readings": listed})


def count(database: Database, model: type[Any]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_readings_wait_while_the_disk_is_full_and_are_stored_when_it_is_not(
    broker: FakeBroker, database: Database, clock: Clock, disk: Disk
) -> None:
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    service.step()
    said: list[str] = []

    def look() -> None:
        with database.read() as session:
            said.extend(vitals(session, clock()).troubles)
        if clock() - NOW > timedelta(minutes=10):
            disk.free()
            clock.on_pause = lambda: None

    disk.fill()
    clock.on_pause = look
    broker.send("coldchain/v1/CLINIC/S1/readings", readings())
    service.step()
    assert "ingest-test cannot write: the database is full." in said
    assert count(database, Reading) == READINGS
    assert count(database, Rejection) == 0
    [ack] = [json.loads(payload) for topic, payload in broker.heard if topic.endswith("/acks")]
    assert ack == {"ref": "r", "stored": READINGS, "repeated": 0, "refused": 0}
    clock.now += timedelta(seconds=5)
    service.step()
    assert broker.unacknowledged == 0
    with database.read() as session:
        assert vitals(session, clock()).ingest == "ok"
