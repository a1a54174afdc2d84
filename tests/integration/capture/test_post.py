"""A sensor that falls silent is noticed, whatever changes around it meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from schemas.registry import KINDS
from tests.integration.capture.test_reading import at, excursions, send
from tests.integration.noticing import notice_silence
from traceapp.capture.registry import register
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.unit import Unit


def notice(database: Database, minute: float) -> int:
    with database.begin() as session:
        return notice_silence(session, at(minute))


def put(database: Database, kind: str, minute: float, **document: Any) -> None:
    with database.begin() as session:
        register(session, kind, KINDS[kind]().load(document), at(minute))


def silences(database: Database) -> list[tuple[str, float, float, float | None]]:
    """The silences as `(unit, started, triggered, ended)`, in minutes."""

    def minute(moment: Any) -> Any:
        return None if moment is None else (moment - at(0)) / timedelta(minutes=1)

    with database.read() as session:
        codes = dict(session.execute(select(Unit.id, Unit.code)).all())
    found: list[Excursion] = excursions(database, "silence")
    return [
        (codes[one.unit_id], minute(one.started_at), minute(one.triggered_at), minute(one.ended_at))
        for one in found
    ]


def test_the_silence_of_a_sensor_that_was_then_taken_away_is_kept(database: Database) -> None:
    send(database, "S1", (0, 5.0), now=at(0))
    assert notice(database, 100) == 1
    put(database, "sensor", 200, code="S1", unit="FRIDGE-2")
    assert silences(database) == [("FRIDGE", 10, 30, 200)]


def test_a_sensor_that_says_nothing_where_it_was_put_is_noticed(database: Database) -> None:
    send(database, "S1", (0, 5.0), (10, 5.0), now=at(10))
    put(database, "sensor", 15, code="S1", unit="FRIDGE-2")
    assert notice(database, 44) == 0
    assert notice(database, 46) == 1
    assert silences(database) == [("FRIDGE-2", 25, 45, None)]
    send(database, "S1", (60, 5.0), now=at(60))
    assert silences(database) == [("FRIDGE-2", 25, 45, 60)]


def test_a_profile_that_changes_meanwhile_ends_no_silence(database: Database) -> None:
    send(database, "S1", (0, 5.0), now=at(0))
    document = {"site": "CLINIC", "name": "1号", "type": "refrigerator", "profile": "who-fridge"}
    put(database, "unit", 20, code="FRIDGE", **document)
    assert notice(database, 31) == 1
    assert silences(database) == [("FRIDGE", 20, 30, None)]
    put(database, "unit", 100, code="FRIDGE", **{**document, "profile": "cn-fridge"})
    assert silences(database) == [("FRIDGE", 20, 30, None)]
    send(database, "S1", (120, 5.0), now=at(120))
    assert silences(database) == [("FRIDGE", 20, 30, 120)]


def test_a_late_reading_before_a_change_moves_the_silence_after_it(database: Database) -> None:
    send(database, "S1", (0, 5.0), now=at(0))
    put(database, "sensor", 15, code="S1", unit="FRIDGE-2")
    put(database, "sensor", 16, code="S1", unit="FRIDGE")
    notice(database, 100)
    send(database, "S1", (60, 5.0), now=at(100))
    send(database, "S1", (20, 5.0), (40, 5.0), now=at(100))
    assert silences(database) == [("FRIDGE", 70, 90, None)]
