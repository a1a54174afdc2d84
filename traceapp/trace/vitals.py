"""What the processes last said of themselves, and what is wrong by it: for `/readyz`, `/metrics`.

Troubles are sentences of ours with counts and codes in them: nothing of a person, no address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.models.heartbeat import Heartbeat
from traceapp.models.outbox import Outbox, is_failed, is_waiting
from traceapp.trace.partition import partitions_held, uncovered_sites

#: Processes write a sign of life every five seconds; a mail server may hold one up for a while.
SILENT_AFTER = timedelta(seconds=60)
#: Who has not been heard for so long was taken out of service.
FORGOTTEN_AFTER = timedelta(days=7)
#: An e-mail leaves within seconds; one that waits longer than this waits for something.
MAIL_IS_LATE_AFTER = timedelta(seconds=60)
#: A refusal for good stays in the outbox; so long after the newest one it is a trouble.
FAILURE_IS_NEWS_FOR = timedelta(hours=24)
_CLOCKS_DIFFER_S = 60


@dataclass(slots=True)
class Vitals:
    """How the parts are, each in a word, and in sentences what is wrong."""

    ingest: str = "none"
    alerts: str = "none"
    mail: str = "none"
    clock: str = "ok"
    partitions: dict[str, str] = field(default_factory=dict)
    sites_not_heard: int = 0
    outbox_waiting: int = 0
    outbox_oldest_seconds: float = 0.0
    outbox_failed: int = 0
    ages: dict[str, float] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def vitals(session: Session, now: datetime) -> Vitals:
    """How the ingesters, the alert sender and the outbox are."""
    found = Vitals()
    heartbeats = session.scalars(
        select(Heartbeat).where(Heartbeat.at > now - FORGOTTEN_AFTER).order_by(Heartbeat.process)
    ).all()
    for row in heartbeats:
        found.ages[row.process] = round(max((now - row.at).total_seconds(), 0.0), 3)
    found.ingest = _worst(_ingester(found, row) for row in _of("ingest", heartbeats))
    found.alerts = _worst(_sender(found, row) for row in _of("alerts", heartbeats))
    for row in _of("standby", heartbeats):
        _is_silent(found, row)
    _look_at_partitions(session, found, now)
    _look_at_outbox(session, found, now)
    return found


def _of(kind: str, heartbeats: Iterable[Heartbeat]) -> list[Heartbeat]:
    return [row for row in heartbeats if row.detail.get("kind") == kind]


def _worst(states: Iterable[str]) -> str:
    """The first state that is not well; `none` where there is nobody."""
    known = list(states)
    wrong = [state for state in known if state != "ok"]
    return (wrong or known or ["none"])[0]


def _ingester(found: Vitals, row: Heartbeat) -> str:
    if offset := _offset(row):
        found.clock = "differs"
        way = "ahead of" if offset > 0 else "behind"
        found.troubles.append(
            f"The clock of {row.process}'s machine is {abs(offset):.0f} s {way} the database's."
        )
    if _is_silent(found, row):
        return "silent"
    if trouble := row.detail.get("trouble"):
        found.troubles.append(f"{row.process} cannot write: the database is {trouble}.")
        return "waiting_for_database"
    if not row.detail.get("is_connected"):
        found.troubles.append(f"{row.process} has no connection to the broker.")
        return "no_broker"
    return "ok"


def _offset(row: Heartbeat) -> float:
    offset = row.detail.get("clock_offset_s")
    is_told = isinstance(offset, int | float) and abs(offset) > _CLOCKS_DIFFER_S
    return float(offset) if is_told and offset is not None else 0.0


def _sender(found: Vitals, row: Heartbeat) -> str:
    found.mail = "ok" if row.detail.get("has_server") else "none"
    if trouble := row.detail.get("trouble"):
        found.mail = str(trouble)
        reason = row.detail.get("reason") or "no reason"
        found.troubles.append(f"The mail server is {trouble}: {reason}.")
    return "silent" if _is_silent(found, row) else "ok"


def _is_silent(found: Vitals, row: Heartbeat) -> bool:
    age_s = found.ages[row.process]
    is_silent = age_s > SILENT_AFTER.total_seconds()
    if is_silent:
        found.troubles.append(f"{row.process} gave no sign of life for {age_s:.0f} s.")
    return is_silent


def _look_at_partitions(session: Session, found: Vitals, now: datetime) -> None:
    for name, is_held in partitions_held(session, now - SILENT_AFTER):
        found.partitions[name] = "held" if is_held else "free"
        if not is_held:
            found.troubles.append(f"No ingester holds {name}: its messages wait at the broker.")
    sites = uncovered_sites(session)
    found.sites_not_heard = len(sites)
    if sites:
        first = ", ".join(sites[:3])
        found.troubles.append(f"{len(sites)} sites are in no partition: {first}.")


def _look_at_outbox(session: Session, found: Vitals, now: datetime) -> None:
    waiting = select(func.count(), func.min(Outbox.owed_at)).select_from(Outbox).where(is_waiting())
    found.outbox_waiting, owed_at = session.execute(waiting).one()
    if owed_at is not None:
        found.outbox_oldest_seconds = round(max((now - owed_at).total_seconds(), 0.0), 3)
    if found.outbox_oldest_seconds > MAIL_IS_LATE_AFTER.total_seconds():
        found.troubles.append(
            f"{found.outbox_waiting} e-mails wait, the oldest for "
            f"{found.outbox_oldest_seconds:.0f} s."
        )
    failed = select(func.count(), func.max(Outbox.given_up_at)).where(is_failed())
    found.outbox_failed, newest = session.execute(failed).one()
    if newest is not None and newest > now - FAILURE_IS_NEWS_FOR:
        found.troubles.append(f"{found.outbox_failed} e-mails were refused for good.")
