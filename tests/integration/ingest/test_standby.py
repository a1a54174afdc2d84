"""An ingester that waits for a partition to fall free."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from sqlalchemy import select, text

from ingest.standby import Standby
from tests.fakes.broker import FakeBroker
from tests.integration.ingest.conftest import Clock
from tests.integration.ingest.tenure import CDC, CLINIC, let_lapse, serve, standby, take
from traceapp.db import Database
from traceapp.models.heartbeat import Heartbeat


def test_a_standby_takes_the_first_partition_that_is_free(database: Database, clock: Clock) -> None:
    take(database, clock, CLINIC)
    second = standby(database, clock, CLINIC, CDC, who="b").look()
    assert second is not None
    assert second.lease.client_id == "ingest-cdc"
    third = standby(database, clock, CLINIC, CDC, who="c")
    assert third.look() is None
    second.end()
    assert third.look() is not None


def signs_of_life(database: Database) -> dict[str, dict[str, object]]:
    with database.read() as session:
        return {row.process: row.detail for row in session.scalars(select(Heartbeat))}


class Waits(Event):
    """The wish to stop of a process whose waiting a test watches."""

    def __init__(self, acts: list[Callable[[], object]]) -> None:
        super().__init__()
        self.acts = acts

    def wait(self, timeout: float | None = None) -> bool:
        """Let something happen while the process waits; at last, ask it to stop."""
        if not self.acts:
            self.set()
        else:
            self.acts.pop(0)()
        return self.is_set()


def test_a_standby_shows_that_it_lives_until_it_takes_over(
    database: Database, clock: Clock
) -> None:
    seen: list[object] = []
    first = take(database, clock, CLINIC)
    acts: list[Callable[[], object]] = [
        lambda: None,
        lambda: seen.append(signs_of_life(database)),
        first.end,
    ]
    tenure = Standby(database, [CLINIC], clock, Waits(acts), "node-2:7 1 kernel").wait()
    assert tenure is not None
    assert seen == [{"standby@node-2": {"kind": "standby"}}]
    assert signs_of_life(database) == {}
    serve(tenure, FakeBroker(), database, clock)
    detail = signs_of_life(database)["ingest-clinic"]
    assert detail["holder"] == "node-2:7"
    assert (detail["partition"], detail["epoch"]) == ("clinic", 2)


def test_a_standby_that_is_stopped_leaves_nothing_behind(database: Database, clock: Clock) -> None:
    take(database, clock, CLINIC)
    acts: list[Callable[[], object]] = [lambda: None, lambda: None]
    assert Standby(database, [CLINIC], clock, Waits(acts), "node-2:7 1 kernel").wait() is None
    assert signs_of_life(database) == {}


def test_a_standby_goes_on_when_the_database_was_away(database: Database, clock: Clock) -> None:
    take(database, clock, CLINIC)

    def rename(before: str, after: str) -> None:
        with database.begin() as session:
            session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    acts: list[Callable[[], object]] = [lambda: None]
    if database.is_sqlite:  # A missing table is an OperationalError there.
        acts += [lambda: rename("partition", "gone"), lambda: rename("gone", "partition")]
    acts += [lambda: let_lapse(database)]
    tenure = Standby(database, [CLINIC], clock, Waits(acts), "b").wait()
    assert tenure is not None
    assert tenure.lease.epoch == 2
