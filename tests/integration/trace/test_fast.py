"""Reading a few rows gives what reading all of them gives, on a province made up for it."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from schemas.dose import Dose as DoseReport
from schemas.dose import Recipient
from schemas.lot import LotKey
from schemas.movement import MovementSchema
from tests.integration.capture.test_movement import LOT
from tests.integration.country import NOW, REGISTRY, load_registry
from tests.integration.trace.test_trace import VAULT, at
from tests.integration.trace.whole import WholeHistory, whole_balance, whole_spread
from traceapp.bench.founding import fill_ledger, found
from traceapp.bench.province import Plan, Province
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.db import Database, open_database
from traceapp.models.dose import Dose
from traceapp.models.excursion import Excursion
from traceapp.models.lot import Lot
from traceapp.models.stay import Stay
from traceapp.models.unit import Unit
from traceapp.trace.backward import trace_dose
from traceapp.trace.dose_finding import findings_of_doses
from traceapp.trace.forward import list_lot_doses, lot_balance, trace_lot
from traceapp.trace.given import stream_lot_doses
from traceapp.trace.history import History, Stretch
from traceapp.trace.impact import lots_present
from traceapp.trace.scope import Scope
from traceapp.trace.spread import follow_lots
from traceapp.trace.upstream import load_upstream

_PLAN = Plan(400, 2, 4, 9, 80, 60, 150, short=0.3, named=0.2, moved=0.5)


@pytest.fixture
def province(database_url: str, tmp_path: Path) -> Generator[Database, None, None]:
    """A campaign with short receipts, stock in two refrigerators, waste, and packs by name."""
    database, places = open_database(database_url), Province(_PLAN)
    found(database, places)
    fill_ledger(database, places, tmp_path, lambda _: None)
    yield database
    database.close()


def test_the_way_of_every_dose_is_the_one_that_all_postings_tell(province: Database) -> None:
    ways = 0
    with province.read() as session:
        for lot_id in session.scalars(select(Lot.id)).all():
            whole = WholeHistory(session, lot_id)
            units = session.scalars(
                select(Stay.unit_id).where(Stay.lot_id == lot_id).distinct()
            ).all()
            moments = session.scalars(
                select(Dose.at).where(Dose.lot_id == lot_id).order_by(Dose.at)
            ).all()
            for at in {*moments[::7], moments[-1], _PLAN.until}:
                for unit in units:
                    way = way_to(session, lot_id, unit, at)
                    assert way == whole.before([unit], at)
                    ways += len(way) > 6
    assert ways > 20


def way_to(session: Session, lot_id: int, unit_id: int, at: datetime) -> list[Stretch]:
    """The way of a lot to a unit, by what is asked of the database for it."""
    upstream = load_upstream(session, lot_id, at, unit_id=unit_id)
    return History(session, lot_id, upstream).before([unit_id], at)


def test_the_balance_of_every_lot_is_the_sum_of_its_postings(province: Database) -> None:
    with province.read() as session:
        for lot in session.scalars(select(Lot)).all():
            balance = lot_balance(session, lot)
            assert balance == whole_balance(session, lot)
            trace = trace_lot(session, Scope(), lot.gtin, lot.number, NOW)
            assert trace is not None
            assert sum(one["doses"] for one in trace["holdings"]) == balance["on_hand"]
            received = sum(one["doses_received"] for one in trace["shipments"])
            assert received == balance["received"]


def test_the_findings_of_many_doses_are_those_of_each(province: Database) -> None:
    said = 0
    with province.read() as session:
        doses = session.execute(select(Dose.id, Dose.code).order_by(Dose.at.desc())).all()
        some = {row.id: row.code for row in doses[::3]}
        found = findings_of_doses(session, list(some))
        for code in some.values():
            trace = trace_dose(session, Scope(), code)
            assert trace is not None
            assert found[code] == trace["findings"]
            said += any(one["code"] != "exposure_unknown" for one in found[code])
    assert len(found) == len(some) > 100
    assert said > 0


def test_what_an_episode_touched_is_what_all_postings_tell(province: Database) -> None:
    touched_doses = 0
    with province.read() as session:
        for excursion in _episodes(session.scalars(select(Stay)).all()):
            lots = lots_present(session, excursion)
            spreads = follow_lots(session, lots, excursion)
            for lot in lots:
                spread = spreads[lot.id]
                whole, there_now = whole_spread(session, lot, excursion)
                assert spread.touched.present == whole.present
                assert spread.touched.left == whole.left
                assert spread.there_now == there_now
                fast = {one.key: one.certainty for one in spread.followed}
                assert fast == {one.key: one.certainty for one in whole.doses}
                touched_doses += len(fast)
        assert touched_doses > session.scalars(select(func.count(Dose.id))).one()


def test_the_stream_of_recipients_is_their_pages_one_after_the_other(province: Database) -> None:
    with province.read() as session:
        for lot in session.scalars(select(Lot)).all():
            pages: list[dict[str, Any]] = []
            cursor = None
            while not pages or cursor is not None:
                page = list_lot_doses(session, Scope(), lot, 20, cursor)
                pages += page["items"]
                cursor = page["next"]
            streamed = list(stream_lot_doses(session, Scope(), lot))
            assert streamed == [
                {name: value for name, value in one.items() if name != "recipient"}
                | (one["recipient"] or {})
                for one in pages
            ]
            assert len(streamed) > 20


def _episodes(stays: Sequence[Stay]) -> Iterator[Excursion]:
    """Episodes of every unit and carrier: at the edges of stays, within them, and without end."""
    for number, stay in enumerate(stays):
        end = stay.until_at or stay.from_at + timedelta(days=9)
        middle = stay.from_at + (end - stay.from_at) / 2
        spans = [(stay.from_at, end), (middle, middle + timedelta(hours=1)), (middle, None)]
        began, ended = spans[number % 3]
        yield Excursion(unit_id=stay.unit_id, started_at=began, ended_at=ended)


@pytest.mark.parametrize("seed", range(4))
def test_so_it_is_when_many_things_happen_at_one_moment(sqlite_url: str, seed: int) -> None:
    database, chance = open_database(sqlite_url), random.Random(seed)
    load_registry(database, REGISTRY)
    with database.begin() as session:
        for number in range(6):
            named = {**LOT, "number": f"L{number}"}
            movements = [MovementSchema().load(one) for one in _chaos(chance, named)]
            [receipt] = record_movements(session, [MovementMessage(None, movements)], NOW)
            assert receipt.refusals == []
            for place in range(20):
                record_dose(session, _dose(chance, named, place), VAULT, NOW)
    ways = touched = 0
    with database.read() as session:
        stays = session.scalars(select(Stay)).all()
        for lot_id in session.scalars(select(Lot.id)).all():
            whole = WholeHistory(session, lot_id)
            for unit in session.scalars(select(Unit.id)).all():
                for hour in range(9):
                    way = way_to(session, lot_id, unit, at(hour))
                    assert way == whole.before([unit], at(hour)), (lot_id, unit, hour)
                    ways += len(way) > 1
        for excursion in _episodes(stays):
            lots = lots_present(session, excursion)
            for lot, spread in zip(
                lots, follow_lots(session, lots, excursion).values(), strict=True
            ):
                told, there_now = whole_spread(session, lot, excursion)
                assert (spread.touched.present, spread.there_now) == (told.present, there_now)
                assert spread.touched.left == told.left
                assert set(spread.followed) == set(told.doses)
                touched += len(told.doses)
    assert min(ways, touched) > 20
    database.close()


def _chaos(chance: random.Random, lot: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Movements at whole hours, many of them at the same one; few of them make sense."""
    yield _movement(lot, 0, 0, "commissioning", 60, to="CDC-1")
    yield _movement(lot, 1, 1, "shipping", 30, **{"from": "CDC-1"}, to="CLINIC", carrier="TRUCK")
    yield _movement(lot, 2, 2, "receiving", 30, **{"from": "CDC"}, to="FRIDGE")
    units = ("FRIDGE", "FRIDGE-2", "CDC-1")
    for number in range(3, 24):
        hour, doses = chance.randrange(4), chance.randint(1, 9)
        source, target = chance.sample(units[:2], 2)
        kind = chance.choice(("storing", "storing", "shipping", "receiving", "wasting", "counting"))
        places: dict[str, str] = {"from": source, "to": target}
        if kind == "shipping":
            back = chance.random() < 0.5
            places = {"from": source if back else "CDC-1", "to": "CDC" if back else "CLINIC"}
            places |= {"carrier": "TRUCK"} if chance.random() < 0.8 else {}
        elif kind == "receiving":
            back = chance.random() < 0.5
            places = {"from": "CLINIC" if back else "CDC", "to": "CDC-1" if back else target}
        elif kind in ("wasting", "counting"):
            places = {"from": chance.choice(units)}
        more = {"reason": "broken"} if kind == "wasting" else {}
        yield _movement(lot, number, hour, kind, doses, **places, **more)


def _movement(
    lot: dict[str, str], number: int, hour: int, step: str, doses: int, **more: str
) -> dict[str, Any]:
    name = f"{lot['number']}-{number}"
    moment = at(hour).isoformat()
    return {"id": name, "at": moment, "step": step, "lot": lot, "doses": doses, **more}


def _dose(chance: random.Random, lot: dict[str, str], number: int) -> DoseReport:
    unit = chance.choice((None, "FRIDGE", "FRIDGE-2"))
    code = f"{lot['number']}-d{number}"
    who = Recipient(code, "passport")
    hour = at(chance.randrange(9))
    return DoseReport(code, hour, "CLINIC", who, unit=unit, lot=LotKey(**lot))
