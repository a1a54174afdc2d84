"""Days of units are summed once, and again only where their past changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from click.testing import CliRunner
from sqlalchemy import select, text

from schemas.reading import Reading
from tests.integration.country import NOW, load_registry
from tests.integration.ingest.test_memory import ingester, quiet, say
from tests.integration.trace.test_exposure import begin_with, stale, sum_all
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.summing import Summed
from traceapp.commands.sum_days import sum_days as command
from traceapp.db import Database
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.models.unit_day import Summing, UnitDay
from traceapp.rules.exposure import Exposure, Limits
from traceapp.trace.exposure import Climate

DAY = datetime(2021, 5, 4, tzinfo=UTC)
_ALL = tuple(range(24))
_DAY = timedelta(days=1)
_LIMITS = Limits(vvm="VVM7")


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def record(database: Database, sensor: str, *said: tuple[float, float]) -> None:
    """Record `(hour, celsius)` of a sensor."""
    readings = [Reading(at(hour), celsius) for hour, celsius in said]
    with database.begin() as session:
        record_readings(session, [ReadingMessage(sensor, readings)], NOW)


def record_days(database: Database, sensor: str, celsius: float = 5.0, days: int = 1) -> None:
    """Record a reading every ten minutes."""
    record(database, sensor, *((n / 6, celsius) for n in range(days * 144)))


def unit_id(database: Database, code: str) -> int:
    with database.read() as session:
        return session.scalars(select(Unit.id).where(Unit.code == code)).one()


def exposure(database: Database, code: str, start: float, end: float) -> Exposure:
    unit = unit_id(database, code)
    with database.read() as session:
        return Climate(session).exposure(unit, at(start), at(end), _LIMITS)


def days_of(database: Database, code: str) -> list[date]:
    unit = unit_id(database, code)
    with database.read() as session:
        rows = select(UnitDay.measured_on).where(UnitDay.unit_id == unit)
        return list(session.scalars(rows.order_by(UnitDay.measured_on)))


def test_a_reading_that_comes_late_has_only_its_hours_summed_again(database: Database) -> None:
    record_days(database, "S1", days=2)
    record_days(database, "C1")
    begin_with(database, DAY)
    fridge, room = unit_id(database, "FRIDGE"), unit_id(database, "CDC-1")
    assert sorted(sum_all(database)) == [
        Summed(room, DAY.date(), _ALL),
        Summed(fridge, DAY.date(), _ALL),
        Summed(fridge, DAY.date() + _DAY, _ALL),
    ]
    assert sum_all(database) == []
    record(database, "S1", (9.4, 30.0))
    assert exposure(database, "FRIDGE", 0, 48).max_celsius == 30.0
    assert sum_all(database) == [Summed(fridge, DAY.date(), (8, 9))]
    assert exposure(database, "FRIDGE", 0, 48).max_celsius == 30.0
    record(database, "S1", (24.01, 31.0))
    assert sum_all(database) == [
        Summed(fridge, DAY.date(), (23,)),
        Summed(fridge, DAY.date() + _DAY, (0,)),
    ]
    assert exposure(database, "FRIDGE", 0, 48).max_celsius == 31.0


def test_a_repeated_reading_and_one_of_today_have_nothing_summed_again(database: Database) -> None:
    record_days(database, "S1")
    begin_with(database, DAY)
    sum_all(database)
    record(database, "S1", (9.0, 5.0))
    hours = (NOW - DAY) / timedelta(hours=1)
    record(database, "S1", (hours - 1, 5.0))
    assert stale(database) == 0


def test_summing_begins_with_the_oldest_stay_and_leaves_days_that_ended_just_now(
    database: Database,
) -> None:
    record_days(database, "S1", days=5)
    unit = unit_id(database, "FRIDGE")
    with database.begin() as session:
        lot = text("INSERT INTO lot (gtin, number) VALUES ('06901234567892', 'X') RETURNING id")
        lot_id = session.execute(lot).scalar_one()
        site_id = session.get_one(Unit, unit).site_id
        stay = Stay(lot_id=lot_id, site_id=site_id, unit_id=unit, from_at=at(30), until_at=None)
        session.add(stay)
    now = at(4 * 24 + 47)
    assert [one.measured_on.day for one in sum_all(database, now)] == [5, 6]
    assert [one.measured_on.day for one in sum_all(database, now + _DAY)] == [7]


def test_readings_from_before_a_sensor_was_registered_are_summed_with_its_unit(
    database: Database,
) -> None:
    record_days(database, "NEW", 9.0)
    begin_with(database, DAY)
    sum_all(database)
    assert days_of(database, "FRIDGE-2") == []
    load_registry(database, [{"kind": "sensor", "code": "NEW", "unit": "FRIDGE-2"}])
    assert exposure(database, "FRIDGE-2", 0, 24).minutes_above == 1_440
    assert [one.measured_on.day for one in sum_all(database)] == [4]
    assert exposure(database, "FRIDGE-2", 0, 24).minutes_above == 1_440


def test_a_sensor_that_moves_or_changes_its_pace_has_its_units_summed_again(
    database: Database,
) -> None:
    record_days(database, "S1", days=3)
    begin_with(database, DAY)
    sum_all(database)
    moved = {"kind": "sensor", "code": "S1", "unit": "FRIDGE-2", "interval_s": 600}
    load_registry(database, [{**moved, "attached_from": at(36).isoformat()}])
    assert [one.measured_on.day for one in sum_all(database)] == [4, 5, 6, 5, 6]
    assert exposure(database, "FRIDGE", 0, 72).observed_minutes == 36 * 60
    assert exposure(database, "FRIDGE-2", 0, 72).observed_minutes == 36 * 60
    load_registry(database, [{**moved, "interval_s": 60, "silence_s": 120}])
    assert len(sum_all(database)) == 5
    assert exposure(database, "FRIDGE", 0, 36).observed_minutes == 36 * 6


def test_a_unit_with_a_sensor_that_may_be_silent_for_days_has_no_sums(database: Database) -> None:
    record_days(database, "S1")
    begin_with(database, DAY)
    sum_all(database)
    assert days_of(database, "FRIDGE") == [DAY.date()]
    slow = {"kind": "sensor", "code": "S1", "unit": "FRIDGE", "silence_s": 86_401}
    load_registry(database, [slow])
    assert sum_all(database) == []
    assert days_of(database, "FRIDGE") == []
    assert exposure(database, "FRIDGE", 0, 40).unknown_minutes == 0


def test_what_the_line_hears_late_is_marked_though_it_looks_nothing_up(database: Database) -> None:
    begin_with(database, DAY)
    clock = [at(7)]
    line = ingester(database, "ingest-1", lambda: clock[0])
    say(line, [("C1", Reading(at(6), 5.0)), ("C1", Reading(at(37 / 6), 5.0))])
    clock[0] = NOW
    sum_all(database)
    before = quiet()
    say(line, [("C1", Reading(at(38 / 6), 5.5))])
    assert quiet() == before + 1
    assert stale(database) == 1
    sum_all(database)
    assert exposure(database, "CDC-1", 0, 24).max_celsius == 5.5


def test_the_command_sums_all_there_is_and_chosen_units_again(database: Database) -> None:
    record_days(database, "S1")
    record_days(database, "C1")
    begin_with(database, DAY)
    url = database.engine.url.render_as_string(hide_password=False)

    def run(*arguments: str) -> str:
        said = CliRunner().invoke(command, arguments, env={"TRACEAPP_DATABASE_URL": url})
        assert said.exception is None or said.exit_code == 1, said.exception
        return said.output

    with database.begin() as session:
        session.get_one(Summing, 1).until_on = datetime.now(UTC).date() - timedelta(days=3)
        for code in ("FRIDGE", "CDC-1"):
            [unit] = session.scalars(select(Unit.id).where(Unit.code == code))
            session.add(UnitDay(unit_id=unit, measured_on=DAY.date()))
    assert run() == "2 days summed\n"
    assert run() == "0 days summed\n"
    assert run("FRIDGE") == "1 days summed\n"
    assert run("--all") == "2 days summed\n"
    assert run("NOWHERE") == "Error: Expected a registered unit, got NOWHERE\n"
