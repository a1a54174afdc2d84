"""Generated rules and series through the record: the way they come changes nothing of the verdict.

Readings of two probes in one unit come in any order, in any batches, some of them again, and
whatever remembered something between two batches is gone. What is stored afterwards are the
runs and the excursions of the complete series, judged at once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from schemas.reading import Reading
from tests.integration.country import NOW, load_registry
from tests.integration.noticing import notice_silence
from tests.unit.rules.generated import at, examples, paces, rule_sets, series
from traceapp.capture.reading import ReadingMessage, record_readings
from traceapp.capture.run import as_numbers
from traceapp.db import Database
from traceapp.models.excursion import Excursion
from traceapp.models.excursion import Run as RunRow
from traceapp.models.lot import Lot
from traceapp.models.movement import Movement
from traceapp.models.sensor import Sensor
from traceapp.models.site import Site
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.rules.episode import unite
from traceapp.rules.judging import Pace, Watch
from traceapp.rules.profile import Profile, Rule
from traceapp.rules.run import Run
from traceapp.rules.sample import Sample
from traceapp.watch.profile import rule_of

_NUMBER = count(1)
_SQLITE, _POSTGRESQL = 40, 15


@dataclass(frozen=True)
class Told:
    """A unit's rules, its probes' pace and readings, its departures, and the way all that comes."""

    rules: list[dict[str, Any]]
    interval_s: int
    silence_s: int | None
    series: dict[str, list[Sample]]
    departures: list[datetime]
    now: datetime
    chance: random.Random

    @property
    def profile(self) -> Profile:
        return Profile.of("generated", map(rule_of, self.rules))


def document_of(rule: Rule) -> dict[str, Any]:
    """A rule as the registry takes it."""
    document: dict[str, Any] = {
        "code": rule.code,
        "level": rule.level,
        "side": rule.side,
        "minutes": rule.sustained // timedelta(minutes=1),
    }
    if rule.side in ("above", "below", "jump", "stuck"):
        document["limit_celsius"] = rule.limit
    if rule.side in ("battery", "clock"):
        document["limit"] = rule.limit
    if rule.side in ("above", "below"):
        document["limit_included"] = rule.is_limit_included
    if rule.is_cumulative:
        document["mode"] = "cumulative"
    if rule.window is not None:
        document["window_minutes"] = rule.window // timedelta(minutes=1)
    return document


@st.composite
def told(draw: st.DrawFn) -> Told:
    everywhere = Profile.of("", ()).rules
    rules = [rule for rule in draw(rule_sets()).rules if rule not in everywhere]
    pace: Pace = draw(paces)
    number = next(_NUMBER)
    return Told(
        [document_of(rule) for rule in rules],
        int(pace.interval.total_seconds()),
        int(pace.silence.total_seconds()),
        {f"A{number}": draw(series(25)), f"B{number}": draw(series(15))},
        sorted({at(minute) for minute in draw(st.lists(st.integers(0, 300), max_size=3))}),
        draw(st.just(NOW) | st.integers(0, 300).map(at)),
        random.Random(draw(st.integers(0, 2**32))),
    )


def make_place(database: Database, case: Told) -> str:
    """Register a carrier with two probes and rules of its own, and let its journeys begin."""
    number = next(iter(case.series))[1:]
    profile = {"kind": "profile", "code": f"P{number}", "rules": case.rules}
    unit = {"kind": "unit", "code": f"U{number}", "site": "CDC", "name": "车", "type": "vehicle"}
    unit["profile"] = f"P{number}"
    sensors = [
        {"kind": "sensor", "code": code, "unit": f"U{number}", "interval_s": case.interval_s}
        | {"silence_s": case.silence_s}
        for code in case.series
    ]
    load_registry(database, [profile, unit, *sensors])
    with database.begin() as session:
        shipment = session.scalar(select(Movement.id)) or _ship(session)
        lot_id = session.scalar(select(Lot.id))
        carrier = session.scalars(select(Unit).where(Unit.code == f"U{number}")).one()
        for departure in case.departures:
            session.add(
                Stay(
                    lot_id=lot_id,
                    site_id=carrier.site_id,
                    unit_id=carrier.id,
                    shipment_id=shipment,
                    from_at=departure,
                    until_at=departure + timedelta(seconds=30),
                )
            )
    return f"U{number}"


def _ship(session: Any) -> int:
    """Any shipment: what judging asks of it stands in the stay."""
    lot = Lot(gtin="06901234567892", number="L")
    session.add(lot)
    session.flush()
    site_id = session.scalar(select(Site.id).where(Site.code == "CDC"))
    shipment = Movement(
        code="s", at=NOW, step="shipping", lot_id=lot.id, doses=1, site_id=site_id, digest="d",
        recorded_at=NOW,
    )  # fmt: skip
    session.add(shipment)
    session.flush()
    return shipment.id


def reading_of(sample: Sample) -> Reading:
    return Reading(
        sample.at, sample.celsius, sample.power, sample.door_open, None, sample.battery, None,
        sample.seq, sample.boot,
    )  # fmt: skip


def send_any_way(database: Database, case: Told) -> None:
    """Shuffle, hold back, repeat and contradict; what comes first of a moment is true."""
    chance = case.chance
    way = [(code, reading_of(one)) for code, held in case.series.items() for one in held]
    if chance.random() < 0.4:
        chance.shuffle(way)
    else:
        delays = chance.choice([[0], [0, 0, 0, 0, 60], [0, 30, 400]])
        way.sort(key=lambda one: one[1].at + timedelta(minutes=chance.choice(delays)))
    way += chance.sample(way, len(way) // 5)
    way += [(code, one._replace(celsius=7.7)) for code, one in chance.sample(way, 2)]
    while way:
        batch, way = way[: (size := chance.randint(1, 12))], way[size:]
        with database.begin() as session:
            messages = [ReadingMessage(code, [one]) for code, one in batch]
            record_readings(session, messages, case.now)
            if chance.random() < 0.2:
                newest = max(one.at for _, one in batch)
                notice_silence(session, newest + timedelta(minutes=chance.randint(0, 90)))
    with database.begin() as session:
        notice_silence(session, NOW)


def expected_runs(case: Told) -> dict[str, list[Run]]:
    """The runs of each sensor's complete series, judged at once, silent by NOW."""
    pace = Pace.of(case.interval_s, case.silence_s)
    runs: dict[str, list[Run]] = {}
    for code, samples in case.series.items():
        watch = Watch(case.profile, pace, departures=case.departures)
        runs[code] = [
            run for one in samples for run in watch.take(one._replace(received_at=case.now))
        ]
        silence = watch.silent_by(NOW)
        runs[code] += [*watch.kept, *([silence] if silence else [])]
    return runs


def lines_of_runs(runs: dict[str, list[Run]]) -> list[tuple[Any, ...]]:
    return sorted(
        (
            (code, run.rule.code, run.started_at, run.heard_at, run.ended_at, run.triggered_at,
             run.peak_celsius, as_numbers(run.unknown), as_numbers(run.stretches),
             run.outside_since)
            for code, held in runs.items()
            for run in held
        ),
        key=str,
    )  # fmt: skip


def stored_runs(database: Database, sensors: Sequence[str]) -> list[tuple[Any, ...]]:
    columns = (
        Sensor.code, RunRow.rule, RunRow.started_at, RunRow.heard_at, RunRow.ended_at,
        RunRow.triggered_at, RunRow.peak_celsius, RunRow.unknown, RunRow.stretches,
        RunRow.outside_since,
    )  # fmt: skip
    with database.read() as session:
        rows = session.execute(
            select(*columns).join(Sensor, Sensor.id == RunRow.sensor_id)
            .where(Sensor.code.in_(sensors))
        )  # fmt: skip
        return sorted((tuple(row) for row in rows), key=str)


def moved_beside(case: Told, code: str, run: Run) -> datetime | None:
    """When the other probe had first moved over the limit while this one said the same."""
    (beside,) = (samples for other, samples in case.series.items() if other != code)
    felt: list[float] = []
    for one in beside:
        if not one.is_implausible and run.started_at <= one.at <= run.heard_at:
            felt.append(one.celsius)
            if max(felt) - min(felt) >= (run.rule.limit or 0.0):
                return one.at
    return None


def expected_excursions(case: Told) -> list[tuple[Any, ...]]:
    runs: list[Run] = []
    for code, held in expected_runs(case).items():
        for run in held:
            if run.rule.side == "stuck" and run.triggered_at is not None:
                moved_at = moved_beside(case, code, run)
                run.triggered_at = moved_at and max(moved_at, run.triggered_at)
            runs.append(run)
    return sorted(
        (
            (rule.code, rule.level, rule.side, one.started_at, one.triggered_at, one.ended_at,
             one.peak_celsius, one.unknown_minutes, one.minutes)
            for rule in case.profile.rules
            for one in unite(run for run in runs if run.rule.code == rule.code)
        ),
        key=str,
    )  # fmt: skip


def stored_excursions(database: Database, unit: str) -> list[tuple[Any, ...]]:
    with database.read() as session:
        rows = session.scalars(
            select(Excursion)
            .join(Unit, Unit.id == Excursion.unit_id)
            .where(Unit.code == unit, Excursion.state != "withdrawn")
        ).all()
    return sorted(
        (
            (row.rule, row.level, row.side, row.started_at, row.triggered_at, row.ended_at,
             row.peak_celsius, row.unknown_minutes, row.minutes)
            for row in rows
        ),
        key=str,
    )  # fmt: skip


def test_the_way_in_which_readings_come_changes_no_run_and_no_excursion(
    database: Database,
) -> None:
    @examples(_SQLITE if database.is_sqlite else _POSTGRESQL)
    @given(told())
    def check(case: Told) -> None:
        unit = make_place(database, case)
        send_any_way(database, case)
        assert stored_runs(database, list(case.series)) == lines_of_runs(expected_runs(case))
        assert stored_excursions(database, unit) == expected_excursions(case)

    check()
