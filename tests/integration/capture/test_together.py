"""Several writers at once: none of them loses what another is writing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import select

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from schemas.reading import Reading
from tests.integration.capture.test_movement import LOT, STORY, derived, report
from tests.integration.country import NOW, load_registry
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.vault import Vault

VAULT = Vault("x" * 32)


def at_once(*acts: Callable[[], object]) -> None:
    """Run all acts at the same time; an exception of any is raised here."""
    with ThreadPoolExecutor(len(acts)) as pool:
        for future in [pool.submit(act) for act in acts]:
            future.result(timeout=60)


def test_movements_and_doses_of_one_lot_at_once_leave_the_ledger_that_a_rebuild_gives(
    database: Database,
) -> None:
    report(database, STORY[0])

    def move(writer: int) -> None:
        for number in range(10):
            document = {
                "id": f"s{writer}-{number}",
                "at": f"2021-05-02T{writer:02}:{number:02}:00Z",
                "step": "shipping",
                "doses": 3,
                "from": "MAKER-1",
                "to": "CDC",
                "lot": LOT,
            }
            movement = MovementSchema().load(document)
            with database.begin() as session:
                record_movements(session, [MovementMessage("MAKER", [movement])], NOW)

    def give(writer: int) -> None:
        for number in range(10):
            document = {
                "id": f"d{writer}-{number}",
                "at": f"2021-05-03T{writer:02}:{number:02}:00Z",
                "site": "MAKER",
                "lot": LOT,
                "recipient": {"document": f"P{writer}{number}", "document_type": "passport"},
            }
            with database.begin() as session:
                record_dose(session, DoseSchema().load(document), VAULT, NOW)

    at_once(*[lambda w=w: move(w) for w in range(3)], *[lambda w=w: give(w) for w in range(3)])
    kept = derived(database)
    assert len(kept[0]) == 61
    with database.begin() as session:
        assert rebuild(session, session.scalars(select(Lot.id)).one()) == 0
    assert derived(database) == kept


def test_two_writers_for_two_probes_of_a_unit_agree_on_its_episode(database: Database) -> None:
    def measure(sensor: str, shift: int) -> None:
        for step in range(20):
            moment = NOW - timedelta(hours=10) + timedelta(minutes=10 * step + shift)
            reading = Reading(moment, 9.0 if 3 <= step < 15 else 5.0)
            with database.begin() as session:
                record_readings(session, [ReadingMessage(sensor, [reading])], NOW)

    at_once(lambda: measure("S1", 0), lambda: measure("S2", 5))
    with database.read() as session:
        hot = session.scalars(
            select(Excursion).where(Excursion.rule == "hot", Excursion.state != "withdrawn")
        ).all()
    started_at = NOW - timedelta(hours=10) + timedelta(minutes=30)
    assert [(one.started_at, one.ended_at) for one in hot] == [
        (started_at, started_at + timedelta(minutes=125))
    ]


def test_a_sensor_registered_while_it_speaks_has_every_reading_judged(database: Database) -> None:
    def speak() -> None:
        for step in range(30):
            moment = NOW - timedelta(hours=10) + timedelta(minutes=10 * step)
            reading = Reading(moment, 9.0 if step % 3 else 5.0)
            with database.begin() as session:
                record_readings(session, [ReadingMessage("NEW", [reading])], NOW)

    def register_it() -> None:
        load_registry(database, [{"kind": "sensor", "code": "NEW", "unit": "FRIDGE-2"}])

    at_once(speak, register_it)
    with database.read() as session:
        warm = session.scalars(
            select(Excursion).where(Excursion.rule == "warm", Excursion.state != "withdrawn")
        ).all()
    assert len(warm) == 10
