"""The lease on a partition: one process at a time writes what the broker keeps for a client id.

Safety does not rest on clocks. Every writing transaction of a holder begins with `hold`, and a
process that takes a partition over raises its epoch: whoever comes late finds another epoch and
writes nothing. Clocks only say when somebody may take over. They are the database's on PostgreSQL,
where the processes run on several machines, and the door's on SQLite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from traceapp.capture.insert import insert
from traceapp.db import is_postgresql
from traceapp.models.partition import Partition

#: Without a sign of its holder for so long, a partition may be taken over.
LEASE = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)


class LeaseLost(Exception):
    """Another process has taken our partition over: we may not write any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """That a partition is ours, until somebody else raises its epoch."""

    partition_id: int
    name: str
    client_id: str
    epoch: int


def take(
    session: Session,
    name: str,
    client_id: str,
    holder: str,
    now: datetime,
    has_ended: Callable[[str], bool] = lambda _holder: False,
) -> Lease | None:
    """Take a partition that is free, or None while another process holds it.

    It is free when nobody holds it, when its lease has run out, and when its holder `has_ended`
    for sure: a process that is started again need not wait for the lease of its former self.
    """
    row = _look(session, client_id)
    if row is None:
        values = {"client_id": client_id, "name": name, "subscribed": [], "dropped": [], "epoch": 0}
        session.execute(insert(session, Partition).values(values).on_conflict_do_nothing())
        row = _look(session, client_id)
    if row is None or not _is_free(session, row, now, has_ended):
        return None
    former = row.holder
    row = _look(session, client_id, is_locking=True)
    if row is None:  # Its holder is in the middle of a transaction, and will soon renew; or never.
        end_paused_transactions(session, former)
        return None
    if not _is_free(session, row, now, has_ended):
        return None
    row.name, row.holder, row.epoch = name, holder, row.epoch + 1
    row.taken_at = moment = moment_of_leases(session, now)
    row.held_until = moment + LEASE
    session.flush()
    return Lease(row.id, name, client_id, row.epoch)


def hold(session: Session, lease: Lease) -> None:
    """Keep others from taking the partition until the transaction ends; raise LeaseLost.

    To be called before anything is written; the session bears the partition's id from now on.
    Two holders of FOR KEY SHARE and a renewal pass one
    another; only a take-over waits.
    """
    epoch = session.scalar(
        select(Partition.epoch)
        .where(Partition.id == lease.partition_id)
        .with_for_update(read=True, key_share=True)
    )
    if epoch != lease.epoch:
        raise _lost(lease)
    session.info["partition_id"] = lease.partition_id


def renew(session: Session, lease: Lease, now: datetime) -> None:
    """Say that the holder lives; raise LeaseLost. One that ran out is renewed while it is ours."""
    held_until = (func.clock_timestamp() if is_postgresql(session) else now) + LEASE
    renewed = session.execute(_ours(lease).values(held_until=held_until).returning(Partition.id))
    if renewed.first() is None:
        raise _lost(lease)


def release(session: Session, lease: Lease, now: datetime) -> None:
    """Let go, so that nobody need wait for the lease to run out; nothing when it is lost."""
    moment = moment_of_leases(session, now)
    session.execute(_ours(lease).values(holder=None, held_until=moment))


def session_name(holder: str) -> str:
    """How the connections of a holder are called at PostgreSQL."""
    return f"ingest {holder.split(' ', maxsplit=1)[0]}"[:63]


def end_paused_transactions(session: Session, holder: str | None, after: timedelta = LEASE) -> None:
    """Let PostgreSQL roll back what a holder began and has not gone on with for a whole lease.

    A process that was stopped, or whose machine lost its power, would otherwise keep its locks for
    as long as the network lets it, which may be hours.
    """
    if holder is not None:
        ended = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = :name"
            " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND wait_event_type = 'Client'"
            " AND state_change < clock_timestamp() - CAST(:after AS interval)"
        )
        session.execute(ended, {"name": session_name(holder), "after": after})


def _look(session: Session, client_id: str, *, is_locking: bool = False) -> Partition | None:
    query = select(Partition).where(Partition.client_id == client_id)
    if is_locking:
        query = query.with_for_update(skip_locked=True)
    return session.scalar(query.execution_options(populate_existing=True))


def _is_free(
    session: Session, row: Partition, now: datetime, has_ended: Callable[[str], bool]
) -> bool:
    if row.holder is None or row.held_until is None or has_ended(row.holder):
        return True
    left = row.held_until - moment_of_leases(session, now)
    if left > LEASE:
        # No lease lasts so long: the clock was set back. Its holder gets the time to say so.
        row.held_until -= left - LEASE
        session.flush()
    return left <= timedelta()


def moment_of_leases(session: Session, now: datetime) -> datetime:
    """The present of the clock by which leases end: the database's own on PostgreSQL."""
    if not is_postgresql(session):
        return now
    moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return moment


def _ours(lease: Lease) -> Any:
    return (
        update(Partition)
        .where(Partition.id == lease.partition_id, Partition.epoch == lease.epoch)
        .execution_options(synchronize_session=False)
    )


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(
        f"Expected to hold partition {lease.name} in its epoch {lease.epoch}, "
        "got: another process has taken it over."
    )
