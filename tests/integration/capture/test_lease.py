"""The lease on a partition: one process at a time, whatever clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from traceapp.capture.lease import (
    LEASE,
    Lease,
    LeaseLost,
    end_paused_transactions,
    hold,
    release,
    renew,
    session_name,
    take,
)
from traceapp.db import Database, open_database
from traceapp.models.partition import Partition

NOW = datetime(2021, 6, 1, tzinfo=UTC)


def taken(database: Database, holder: str, name: str = "north", ended: str = "") -> Lease | None:
    with database.begin() as session:
        return take(session, name, f"ingest-{name}", holder, NOW, lambda who: who == ended)


def held(database: Database, holder: str, name: str = "north") -> Lease:
    lease = taken(database, holder, name)
    assert lease is not None
    return lease


def put_end(database: Database, after: timedelta) -> None:
    """Let every lease end so long after the present of the clock that counts."""
    now = NOW if database.is_sqlite else datetime.now(UTC)
    with database.begin() as session:
        session.execute(update(Partition).values(held_until=now + after))


def end_of(database: Database) -> datetime:
    with database.read() as session:
        row = session.get_one(Partition, 1)
    assert row.held_until is not None
    return row.held_until


def is_ours(database: Database, lease: Lease) -> bool:
    with database.begin() as session:
        try:
            hold(session, lease)
        except LeaseLost:
            return False
        return True


def test_a_partition_belongs_to_the_first_who_takes_it(database: Database) -> None:
    first = held(database, "a")
    assert (first.name, first.client_id, first.epoch) == ("north", "ingest-north", 1)
    assert taken(database, "b") is None
    assert is_ours(database, first)


def test_partitions_are_taken_apart(database: Database) -> None:
    north, south = held(database, "a"), held(database, "b", "south")
    assert north.partition_id != south.partition_id
    assert is_ours(database, north)
    assert is_ours(database, south)


def test_a_lease_that_has_run_out_can_be_taken_over_and_the_former_holder_writes_nothing(
    database: Database,
) -> None:
    first = held(database, "a")
    put_end(database, timedelta(microseconds=-1))
    second = held(database, "b")
    assert second.epoch == first.epoch + 1
    assert is_ours(database, second)
    assert not is_ours(database, first)
    with database.begin() as session, pytest.raises(LeaseLost, match="north in its epoch 1"):
        renew(session, first, NOW)
    with database.begin() as session:
        release(session, first, NOW)
    assert is_ours(database, second)
    assert taken(database, "c") is None


def test_a_lease_that_has_run_out_is_renewed_while_nobody_has_taken_it(database: Database) -> None:
    lease = held(database, "a")
    put_end(database, timedelta(hours=-1))
    with database.begin() as session:
        renew(session, lease, NOW)
    assert taken(database, "b") is None
    assert is_ours(database, lease)


def test_a_released_partition_is_free_at_once(database: Database) -> None:
    lease = held(database, "a")
    with database.begin() as session:
        release(session, lease, NOW)
    assert held(database, "b").epoch == 2


def test_a_holder_that_has_ended_for_sure_is_not_waited_for(database: Database) -> None:
    first = held(database, "a")
    assert taken(database, "a") is None
    again = taken(database, "a again", ended="a")
    assert again is not None
    assert not is_ours(database, first)


def test_a_clock_that_was_set_back_keeps_a_partition_from_nobody_for_longer_than_a_lease(
    database: Database,
) -> None:
    held(database, "a")
    put_end(database, timedelta(hours=2))
    assert taken(database, "b") is None
    now = NOW if database.is_sqlite else datetime.now(UTC)
    assert end_of(database) <= now + LEASE


def test_a_holder_in_the_middle_of_a_transaction_is_not_waited_for_and_not_taken_from(
    postgresql_url: str,
) -> None:
    database = open_database(postgresql_url)
    first = held(database, "a")
    put_end(database, timedelta(hours=-1))
    with database.begin() as session:
        hold(session, first)
        assert taken(database, "b") is None
    assert held(database, "b").epoch == 2
    assert not is_ours(database, first)
    database.close()


def test_a_holder_that_paused_in_a_transaction_is_rolled_back_and_nobody_else_is(
    postgresql_url: str,
) -> None:
    paused = open_database(postgresql_url, session_name("a:1 99 kernel"))
    other = open_database(postgresql_url, session_name("b:2 99 kernel"))
    database = open_database(postgresql_url)
    lease = held(database, "a:1 99 kernel")
    put_end(database, timedelta(hours=-1))
    with paused.engine.connect() as connection, other.engine.connect() as untouched:
        connection.execute(text("SELECT id FROM partition FOR KEY SHARE"))
        untouched.execute(text("SELECT 1"))
        assert taken(database, "c") is None
        with database.begin() as session:
            end_paused_transactions(session, "a:1 99 kernel", timedelta())
        with pytest.raises(OperationalError):
            connection.execute(text("SELECT 1"))
        assert untouched.execute(text("SELECT 1")).scalar() == 1
        connection.invalidate()
    assert held(database, "c").epoch == lease.epoch + 1
    for one in (paused, other, database):
        one.close()
