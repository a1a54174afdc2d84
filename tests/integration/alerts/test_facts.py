"""What the e-mail says of the lots that were there."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from schemas.lot import LotKey
from schemas.movement import Movement
from schemas.reading import Reading
from tests.integration.alerts.conftest import NOW
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.unit import Unit
from traceapp.trace.alert import ExcursionFacts, excursion_facts

LOT = LotKey("06901234567892", "L1")
MADE = Movement("m1", NOW - timedelta(days=3), "commissioning", LOT, 100, target="MAKER-1",
                expires_on=date(2023, 5, 1))  # fmt: skip
SENT = Movement("m2", NOW - timedelta(days=2), "shipping", LOT, 60, source="MAKER-1", target="CDC",
                carrier="TRUCK")  # fmt: skip


def tell(database: Database, site: str, movement: Movement) -> None:
    with database.begin() as session:
        [receipt] = record_movements(session, [MovementMessage(site, [movement])], NOW)
        assert receipt.stored == 1


def facts_of_truck(database: Database) -> ExcursionFacts:
    with database.read() as session:
        unit_id = session.scalars(select(Unit.id).where(Unit.code == "TRUCK")).one()
        rule = select(Excursion.id).where(Excursion.unit_id == unit_id, Excursion.rule == "hot")
        facts = excursion_facts(session, session.scalars(rule).one())
    assert facts is not None
    return facts


def test_what_rode_in_a_vehicle_is_counted_until_it_has_arrived(database: Database) -> None:
    tell(database, "MAKER", MADE)
    tell(database, "MAKER", SENT)
    warm = [Reading(NOW - timedelta(days=1, minutes=-m), 12.0) for m in range(0, 30, 5)]
    with database.begin() as session:
        record_readings(session, [ReadingMessage("T1", warm)], NOW)
    [lot] = facts_of_truck(database).lots
    assert (lot.number, lot.product, lot.doses, lot.doses_now) == ("L1", "疫苗", 60, 60)
    arrived = Movement("m3", NOW, "receiving", LOT, 60, source="MAKER", target="CDC-1")
    tell(database, "CDC", arrived)
    [lot] = facts_of_truck(database).lots
    assert (lot.doses, lot.doses_now) == (60, 0)
