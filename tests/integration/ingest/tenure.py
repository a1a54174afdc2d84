"""Partitions of the small country, and what it takes to hold one."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event

from sqlalchemy import update

from config import Partition as Told
from ingest.partition import Tenure
from ingest.service import Service
from ingest.standby import Standby
from tests.fakes.broker import FakeBroker
from tests.integration.ingest.conftest import Clock
from traceapp.db import Database
from traceapp.models.partition import Partition

CLINIC = Told("clinic", "ingest-clinic", ("coldchain/v1/CLINIC/#",))
CDC = Told("cdc", "ingest-cdc", ("coldchain/v1/CDC/#",))
ALL = Told("all", "ingest-cdc")


def standby(database: Database, clock: Clock, *told: Told, who: str = "a") -> Standby:
    return Standby(database, told, clock, Event(), who)


def take(database: Database, clock: Clock, told: Told, who: str = "a") -> Tenure:
    tenure = standby(database, clock, told, who=who).look()
    assert tenure is not None
    return tenure


def serve(tenure: Tenure, broker: FakeBroker, database: Database, clock: Clock) -> Service:
    """Return the service of a tenure, with its subscription made."""
    service = Service(broker, database, tenure.lease.client_id, clock, clock.pause, tenure=tenure)
    service.step()
    return service


def let_lapse(database: Database) -> None:
    with database.begin() as session:
        session.execute(update(Partition).values(held_until=datetime(2000, 1, 1, tzinfo=UTC)))
