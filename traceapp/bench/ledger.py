"""How long a person waits for a trace in a province after its campaign, beside the bare SQL."""

from __future__ import annotations

import gc
import random
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.lot import LotKey
from traceapp.bench.campaign import Campaign, large_lot
from traceapp.bench.founding import fill_ledger, found
from traceapp.bench.history import new_database
from traceapp.bench.indexing import hastily
from traceapp.bench.peer import sender
from traceapp.bench.province import Plan, Province
from traceapp.bench.question import Asked, Asker
from traceapp.bench.weather import Heat, fill_month, fill_year, find_excursion, units_involved
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.lot import Lot
from traceapp.models.site import Site
from traceapp.trace.backward import trace_dose
from traceapp.trace.check import Intended, check_dose
from traceapp.trace.forward import trace_lot
from traceapp.trace.impact import trace_impact
from traceapp.trace.scope import Scope

_EVERYTHING = Scope()
_YEAR = timedelta(days=366)
_TABLES = "lot movement pack pack_movement recipient dose posting stay finding stock turnover"


@dataclass(frozen=True, slots=True)
class World:
    """A database with a province in it."""

    database: Database
    province: Province
    heat: Heat


@contextmanager
def new_world(
    kind: str, plan: Plan, days: int, say: Callable[[str], None], tell: Callable[[int], None]
) -> Generator[World, None, None]:
    """A private database filled with a province; `tell` hears of doses as they come."""
    province = Province(plan)
    with tempfile.TemporaryDirectory(prefix="traceapp-bench-") as name:
        folder = Path(name)
        with new_database(kind, folder, plan.until - _YEAR, plan.until) as database:
            yield build(database, province, folder, days, say, tell)


def build(
    database: Database,
    province: Province,
    folder: Path,
    days: int,
    say: Callable[[str], None],
    tell: Callable[[int], None],
) -> World:
    """Write a province with its campaign and its weather, and what autovacuum would do then."""
    began = time.perf_counter()
    found(database, province)
    (folder / "rows").mkdir()
    with hastily(database):
        fill_ledger(database, province, folder / "rows", tell)
    say(f"{province.plan.doses} doses written in {time.perf_counter() - began:.0f} s")
    room, hot_at = Campaign(province).hot_room()
    heat = Heat(province.unit_ids[room.unit("C")], hot_at)
    units, began = units_involved(database), time.perf_counter()
    summed = fill_year(database, province, units, heat, 365)
    readings = fill_month(database, province, units, heat, days, lambda _: None)
    say(
        f"{summed} days of {len(units)} units summed, {readings} readings of {days} days, "
        f"in {time.perf_counter() - began:.0f} s"
    )
    say(f"{_tidied(database)}; {_size(database) / 1e9:.1f} GB")
    return World(database, province, heat)


def _tidied(database: Database) -> str:
    """Do what autovacuum would, and say how much there is."""
    with database.engine.connect() as connection:
        now = connection.execution_options(isolation_level="AUTOCOMMIT")
        now.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM (ANALYZE)")
        return ", ".join(
            f"{now.exec_driver_sql(f'SELECT count(*) FROM {table}').scalar_one()} {table}"  # noqa: S608 - names of our own tables
            for table in _TABLES.split()
        )


def _size(database: Database) -> int:
    size = "SELECT pg_database_size(current_database())"
    if database.is_sqlite:
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    with database.engine.connect() as connection:
        return int(connection.exec_driver_sql(size).scalar_one())


def ask_all(world: World, times: int) -> Iterator[Asked]:
    """The questions of people, each about things picked evenly."""
    now = world.province.plan.until
    large = large_lot(world.province.plan)
    with world.database.read() as session:
        doses = _pick_doses(session, times)
        of_large = _pick_doses(session, max(times // 4, 1), large)
        intended = _pick_injections(session, times)
        episode = find_excursion(session, world.heat)
    few = max(times // 20, 1)

    def check(session: Session, about: Intended) -> Any:
        return check_dose(session, about, now)

    def backwards(session: Session, code: str) -> Any:
        return trace_dose(session, _EVERYTHING, code)

    def forwards(session: Session, lot: LotKey) -> Any:
        return trace_lot(session, _EVERYTHING, lot.gtin, lot.number, now)

    def impact(session: Session, number: int) -> Any:
        return trace_impact(session, _EVERYTHING, number, now)

    gc.collect()
    gc.freeze()  # As `traceapp web` does when it begins.
    with sender(world.database) as send:
        asker = Asker(world.database, send)
        yield asker.ask("a dose backwards", doses, backwards)
        yield asker.ask("… of the large lot", of_large, backwards)
        yield asker.ask("a check before a dose", intended, check)
        yield asker.ask("the large lot forwards", [large] * few, forwards)
        yield asker.ask("an excursion's impact", [episode] * few, impact)


def _pick_doses(session: Session, times: int, lot: LotKey | None = None) -> list[str]:
    """Doses of lots picked evenly, whatever the lots' sizes; or of one lot."""
    chance = random.Random(1)  # noqa: S311 - which dose is asked about is no secret
    wanted = select(Lot.id).order_by(Lot.id)
    if lot is not None:
        wanted = wanted.where(Lot.gtin == lot.gtin, Lot.number == lot.number)
    else:
        wanted = wanted.offset(1)  # The first is the large one.
    lots = session.scalars(wanted).all()
    codes = []
    for lot_id in chance.choices(lots, k=times):
        given = select(Dose.code).where(Dose.lot_id == lot_id).order_by(Dose.at)
        some = session.scalars(given.offset(chance.randrange(200)).limit(1)).first()
        codes.append(some or session.scalars(given.limit(1)).one())
    return codes


def _pick_injections(session: Session, times: int) -> list[Intended]:
    """What somebody may be about to inject: a lot, or a pack of one, at a site that has it."""
    codes = _pick_doses(session, times)
    rows = session.execute(
        select(Site.code, Lot.gtin, Lot.number, Dose.pack_code)
        .join(Dose, Dose.site_id == Site.id)
        .join(Lot, Lot.id == Dose.lot_id)
        .where(Dose.code.in_(codes))
    )
    return [Intended(site, None, gtin, lot, pack) for site, gtin, lot, pack in rows]
