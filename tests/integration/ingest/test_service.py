"""The ingester turned by hand: the clock's silences, signs of life, a clean end."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, make_url, select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from ingest.health import Watchdog
from ingest.service import CATCH_UP, Service
from tests.fakes.broker import FakeBroker
from tests.integration.ingest.conftest import NOW, Clock
from traceapp.db import Database, open_database
from traceapp.models.excursion import Excursion
from traceapp.models.heartbeat import Heartbeat

S1 = "coldchain/v1/CLINIC/S1"


@pytest.fixture
def service(broker: FakeBroker, database: Database, clock: Clock) -> Service:
    return Service(broker, database, "ingest-test", clock, clock.pause)


def send_reading(broker: FakeBroker, clock: Clock, ago: timedelta) -> None:
    document = {"at": (clock() - ago).isoformat(), "celsius": 4.0}
    broker.send(f"{S1}/readings", json.dumps(document))


def reading_at(at: datetime) -> str:
    return json.dumps({"at": at.isoformat(), "celsius": 4.0})


def take_away(database: Database, is_away: Callable[[], bool]) -> None:
    """Let the driver refuse every statement for as long as the database is to be away."""

    @event.listens_for(database.engine, "before_cursor_execute")
    def _fail(*_heard: Any) -> None:
        if is_away():
            raise OperationalError("", {}, Exception("no route"))


def fail_first_reading(database: Database) -> None:
    """Let the next batch meet a database that goes away."""
    left = [1]

    @event.listens_for(database.engine, "before_cursor_execute")
    def _fail(*heard: Any) -> None:
        if "reading" in heard[2] and left:
            left.clear()
            raise OperationalError("", {}, Exception("connection lost"))


def silences(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(Excursion).where(Excursion.rule == "silence")).all())


def detail(database: Database) -> dict[str, Any]:
    with database.read() as session:
        return dict(session.get_one(Heartbeat, "ingest-test").detail)


def test_silence_opens_by_the_clock_while_nothing_arrives(
    service: Service, broker: FakeBroker, database: Database, clock: Clock
) -> None:
    send_reading(broker, clock, timedelta())
    service.step()
    clock.now += timedelta(minutes=29)
    service.step()
    assert silences(database) == 0
    clock.now += timedelta(minutes=2)
    service.step()
    assert silences(database) == 1
    clock.now += timedelta(minutes=5)
    service.step()
    assert silences(database) == 1


def test_nobody_is_called_silent_while_the_broker_still_holds_what_came_meanwhile(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    send_reading(broker, clock, timedelta(hours=2))
    for minutes in range(110, 0, -10):
        send_reading(broker, clock, timedelta(minutes=minutes))
    broker.window = 5
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    while service.step():
        clock.now += timedelta(seconds=1)
    clock.now += timedelta(minutes=1)
    service.step()
    assert silences(database) == 0


def test_a_line_that_is_never_idle_still_notices_silence(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    send_reading(broker, clock, timedelta(hours=1))
    service.step()
    assert silences(database) == 0
    clock.now += CATCH_UP
    broker.send("coldchain/v1/CLINIC/S2/status", "online")
    service.step()
    assert silences(database) == 1


def test_a_broker_that_is_gone_silences_everybody(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    send_reading(broker, clock, timedelta())
    service.step()
    broker.cut()
    broker.is_reachable = False
    clock.now += timedelta(minutes=31)
    service.step()
    assert silences(database) == 1


def test_the_heartbeat_says_whether_we_hear_the_broker_and_when_we_last_committed(
    service: Service, broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service.step()
    assert detail(database) == {
        "kind": "ingest",
        "is_connected": True,
        "last_commit_at": None,
        "stored": 0,
        "rejected": 0,
        "trouble": None,
        "clock_offset_s": 0.0,
    }
    send_reading(broker, clock, timedelta())
    broker.send(f"{S1}/readings", "?")
    service.step()
    broker.cut()
    broker.is_reachable = False
    clock.now += timedelta(seconds=5)
    service.step()
    said = detail(database)
    assert (said["is_connected"], said["stored"], said["rejected"]) == (False, 1, 1)
    assert said["last_commit_at"] == "2021-06-01T00:00:00Z"
    with database.read() as session:
        assert session.get_one(Heartbeat, "ingest-test").at == NOW + timedelta(seconds=5)


def test_an_ingester_that_waits_for_a_database_for_hours_is_not_called_hanging(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    class Counting(Watchdog):
        """Counts how often it was fed."""

        fed = 0

        def feed(self) -> None:
            self.fed += 1

    watchdog = Counting()
    service = Service(broker, database, "ingest-test", clock, clock.pause, watchdog=watchdog)
    send_reading(broker, clock, timedelta())
    take_away(database, lambda: 0 < len(clock.pauses) < 600)
    fail_first_reading(database)
    assert service.step() == 1
    assert broker.unacknowledged == 0
    assert watchdog.fed >= 600


def test_after_a_database_was_away_nobody_is_silent_before_the_broker_is_read(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    send_reading(broker, clock, timedelta())
    service.step()
    service.step()
    take_away(database, lambda: 0 < len(clock.pauses) < 2_500)
    fail_first_reading(database)
    broker.send(f"{S1}/readings", reading_at(clock.now + timedelta(minutes=1)))
    service.step()
    assert clock.now - NOW > timedelta(minutes=32)
    assert silences(database) == 0
    for at in (NOW + timedelta(minutes=20), clock.now):
        broker.send(f"{S1}/readings", reading_at(at))
    service.step()
    service.step()
    assert silences(database) == 0


def test_a_stop_ends_the_run_after_the_batch_in_hand(
    service: Service, broker: FakeBroker, database: Database, clock: Clock
) -> None:
    send_reading(broker, clock, timedelta())
    service.stop()
    service.run()
    assert not broker.is_connected
    assert broker.unacknowledged == 1
    again = Service(broker, database, "ingest-test", clock, clock.pause)
    assert again.step() == 1
    assert broker.unacknowledged == 0


def test_a_database_that_was_never_made_ends_the_run_at_once(
    service: Service, broker: FakeBroker, database: Database
) -> None:
    with database.begin() as session:
        session.execute(text("DROP TABLE heartbeat"))
    broker.send(f"{S1}/readings", "?")
    with pytest.raises(SQLAlchemyError):
        service.run()
    assert broker.unacknowledged == 1


def test_the_months_of_readings_are_made_ahead_while_it_runs(
    broker: FakeBroker, postgresql_url: str, clock: Clock
) -> None:
    database = open_database(postgresql_url)
    service = Service(broker, database, "ingest-test", clock, clock.pause)
    for now, newest in (((2041, 11, 5), "2042_11"), ((2041, 12, 5), "2042_12")):
        clock.now = datetime(*now, tzinfo=UTC)
        assert not _is_there(database, f"reading_{newest}")
        service.step()
        assert _is_there(database, f"reading_{newest}")
    database.close()


@pytest.fixture
def writer_url(postgresql_url: str) -> Generator[str, None, None]:
    """The address of a database in which we may write, and make nothing."""
    owner = open_database(postgresql_url)
    with owner.begin() as session:
        session.execute(text("CREATE ROLE writer LOGIN PASSWORD 'writer'"))
        session.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO writer"))
    address = make_url(postgresql_url).set(username="writer", password="writer")
    yield address.render_as_string(hide_password=False)
    with owner.begin() as session:
        session.execute(text("DROP OWNED BY writer"))
        session.execute(text("DROP ROLE writer"))
    owner.close()


def test_who_may_not_make_months_says_so_and_goes_on(
    broker: FakeBroker, writer_url: str, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    database = open_database(writer_url)
    clock.now = datetime(2041, 11, 5, tzinfo=UTC)
    Service(broker, database, "ingest-test", clock, clock.pause).step()
    assert "months_not_made" in capfd.readouterr().out
    assert not _is_there(database, "reading_2041_11")
    database.close()


def _is_there(database: Database, table: str) -> bool:
    with database.read() as session:
        asked = text("SELECT to_regclass(:table) IS NOT NULL")
        return bool(session.scalar(asked, {"table": table}))
