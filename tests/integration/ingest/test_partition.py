"""What holding a partition allows, what losing it forbids, and who hears which site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from config import Partition as Told
from schemas.reading import Reading as Reported
from tests.fakes.broker import FakeBroker
from tests.integration.country import load_registry
from tests.integration.ingest.conftest import Clock
from tests.integration.ingest.tenure import ALL, CDC, CLINIC, let_lapse, serve, standby, take
from traceapp.capture.lease import LeaseLost
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.replay import ask_for_replay
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.partition import Partition
from traceapp.models.reading import Reading
from traceapp.models.rejection import Rejection
from traceapp.trace.partition import uncovered_sites

S1 = "coldchain/v1/CLINIC/S1"


def send_reading(broker: FakeBroker, clock: Clock, sensor: str = S1, ago_m: int = 0) -> None:
    at = (clock() - timedelta(minutes=ago_m)).isoformat()
    broker.send(f"{sensor}/readings", json.dumps({"at": at, "celsius": 4.0}))


def count(database: Database, model: type[Reading] | type[Rejection]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def subscribed(database: Database, name: str) -> Sequence[str]:
    with database.read() as session:
        return session.scalars(select(Partition).where(Partition.name == name)).one().subscribed


def test_an_ingester_that_was_taken_over_writes_nothing_and_acknowledges_nothing(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = serve(take(database, clock, CLINIC), broker, database, clock)
    let_lapse(database)
    take(database, clock, CLINIC, "b")
    send_reading(broker, clock)
    broker.send(f"{S1}/readings", "rubbish")
    with pytest.raises(LeaseLost):
        service.run()
    assert broker.unacknowledged == 2
    assert broker.heard == []
    assert (count(database, Reading), count(database, Rejection)) == (0, 0)


def test_the_batch_in_hand_of_one_that_was_taken_over_is_not_written(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = serve(take(database, clock, CLINIC), broker, database, clock)
    let_lapse(database)
    take(database, clock, CLINIC, "b")
    send_reading(broker, clock)
    with pytest.raises(LeaseLost):  # No renewal is due: it is the transaction that refuses.
        service.pipeline.step()
    assert (broker.unacknowledged, count(database, Reading)) == (1, 0)


def test_nothing_that_was_refused_is_taken_again_by_one_that_was_taken_over(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = serve(take(database, clock, CLINIC), broker, database, clock)
    broker.send(f"{S1}/readings", "rubbish")
    service.step()
    with database.begin() as session:
        ask_for_replay(session, [], clock())
    let_lapse(database)
    take(database, clock, CLINIC, "b")
    clock.now += timedelta(seconds=5)
    with pytest.raises(LeaseLost):
        service.step()
    with database.read() as session:
        assert session.scalars(select(Rejection.replay_asked_at)).one() is not None


def test_a_lease_that_lapsed_while_the_database_was_away_goes_on_when_nobody_took_it(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    tenure = take(database, clock, CLINIC)
    service = serve(tenure, broker, database, clock)
    let_lapse(database)
    send_reading(broker, clock)
    clock.now += timedelta(minutes=10)
    assert service.step() == 1
    assert count(database, Reading) == 1
    with database.read() as session:
        row = session.scalars(select(Partition)).one()
    assert (row.holder, row.epoch) == ("a", 1)


def test_what_is_ours_stays_ours_while_the_line_waits_for_the_database(
    broker: FakeBroker, database: Database, clock: Clock
) -> None:
    service = serve(take(database, clock, CLINIC), broker, database, clock)
    let_lapse(database)
    clock.now += timedelta(seconds=5)
    service.pipeline._wait_for_database(1.0)
    assert standby(database, clock, CLINIC, who="b").look() is None


def test_a_clean_end_lets_the_next_one_in_at_once(database: Database, clock: Clock) -> None:
    take(database, clock, CLINIC).end()
    assert take(database, clock, CLINIC, "b").lease.epoch == 2


def test_a_site_that_moves_is_dropped_only_when_its_new_partition_hears_it(
    database: Database, clock: Clock
) -> None:
    before = FakeBroker()
    serve(take(database, clock, ALL), before, database, clock)
    let_lapse(database)
    broker, other = FakeBroker(), FakeBroker()
    cdc = take(database, clock, CDC)
    assert cdc.filters == ["coldchain/v1/CDC/#", "coldchain/v1/#"]
    service = serve(cdc, broker, database, clock)
    clock.now += timedelta(minutes=1)
    service.step()
    assert broker.unsubscribed == []
    assert subscribed(database, "cdc") == ["coldchain/v1/CDC/#", "coldchain/v1/#"]
    rest = Told("rest", "ingest-rest", ("coldchain/v1/CLINIC/#", "coldchain/v1/MAKER/#"))
    others = serve(take(database, clock, rest, "b"), other, database, clock)
    clock.now += timedelta(minutes=1)
    others.step()
    service.step()
    assert broker.unsubscribed == ["coldchain/v1/#"]
    assert subscribed(database, "cdc") == ["coldchain/v1/CDC/#"]
    let_lapse(database)
    again = take(database, clock, CDC, "c")
    assert (again.filters, again.dropped) == (["coldchain/v1/CDC/#"], ["coldchain/v1/#"])


def test_a_site_is_not_left_to_a_partition_that_nobody_holds(
    database: Database, clock: Clock
) -> None:
    serve(take(database, clock, ALL), FakeBroker(), database, clock)
    rest = Told("rest", "ingest-rest", ("coldchain/v1/CLINIC/#", "coldchain/v1/MAKER/#"))
    serve(take(database, clock, rest, "b"), FakeBroker(), database, clock)
    let_lapse(database)
    broker = FakeBroker()
    serve(take(database, clock, CDC), broker, database, clock)
    assert broker.unsubscribed == []


def test_two_partitions_do_not_both_let_go_of_what_neither_wants(
    database: Database, clock: Clock
) -> None:
    both = [Told(name, name, ("coldchain/v1/CLINIC/#",)) for name in ("a", "b")]
    for told in both:
        serve(take(database, clock, told), FakeBroker(), database, clock)
    let_lapse(database)
    brokers = [FakeBroker(), FakeBroker()]
    services = [
        serve(take(database, clock, Told(told.name, told.client_id, ()), "c"), at, database, clock)
        for told, at in zip(both, brokers, strict=True)
    ]
    for _ in range(2):
        clock.now += timedelta(minutes=1)
        for service in services:
            service.step()
    assert sorted(broker.unsubscribed for broker in brokers) == [[], ["coldchain/v1/CLINIC/#"]]


def test_sites_that_no_partition_hears_are_known(database: Database, clock: Clock) -> None:
    with database.read() as session:
        assert uncovered_sites(session) == []
    serve(take(database, clock, CLINIC), FakeBroker(), database, clock)
    with database.read() as session:
        assert uncovered_sites(session) == ["CDC", "MAKER"]
    serve(take(database, clock, ALL, "b"), FakeBroker(), database, clock)
    with database.read() as session:
        assert uncovered_sites(session) == []


def silences(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(Excursion).where(Excursion.rule == "silence")).all())


def test_who_is_heard_by_another_ingester_is_called_silent_by_that_one_alone(
    database: Database, clock: Clock
) -> None:
    load_registry(database, [{"kind": "site", "code": "FAR", "name": "远", "type": "clinic",
                              "division": "451481"},
                             {"kind": "unit", "code": "FAR-1", "site": "FAR", "name": "1",
                              "type": "refrigerator"},
                             {"kind": "sensor", "code": "F1", "unit": "FAR-1"}])  # fmt: skip
    at_clinic, at_cdc = FakeBroker(), FakeBroker()
    clinic = serve(take(database, clock, CLINIC), at_clinic, database, clock)
    cdc = serve(take(database, clock, CDC, "b"), at_cdc, database, clock)
    send_reading(at_clinic, clock)
    with database.begin() as session:  # It speaks HTTP: of F1 no session keeps anything.
        record_readings(session, [ReadingMessage("F1", [Reported(clock(), 4.0)])], clock())
    clinic.step()
    clock.now += timedelta(minutes=45)
    cdc.step()
    assert silences(database) == 1
    clinic.step()
    assert silences(database) == 2
