"""What the benchmark writes in bulk is what capture would have stored."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from schemas.registry import KINDS
from traceapp.bench.bulk import DELAY
from traceapp.bench.campaign import Campaign
from traceapp.bench.founding import LOTS_AT_ONCE, SECRET_KEY, fill_ledger, found
from traceapp.bench.province import Plan, Province
from traceapp.bench.story import person
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.capture.registry import register
from traceapp.db import Database, open_database
from traceapp.models.base import Base
from traceapp.models.dose import Recipient
from traceapp.schema import upgrade_database
from traceapp.trace.recipient import unmasked
from traceapp.vault import Vault

PLAN = Plan(
    *(330, 2, 4, 9, 80, 110, 160),
    short=0.3,
    named=0.5,
)
TABLES = (
    *("site", "unit", "unit_profile", "sensor", "attachment", "product"),
    *("lot", "movement", "pack", "pack_movement", "dose", "recipient"),
    *("posting", "stay", "finding", "stock", "turnover"),
)
#: What no two runs have in common: row ids of packs and of people, and what seals somebody.
_OWN = {"id", "key_id", "document_index", "sealed", "person_digest"}


def capture(database: Database, province: Province) -> None:
    """Report the whole campaign as sites would, fact by fact in time."""
    facts: list[tuple[datetime, int, Callable[[Session], Any]]] = []
    vault = Vault(SECRET_KEY)
    for story in Campaign(province).stories():
        for movement in story.movements:
            message = MovementMessage(None, [movement])
            record = partial(record_movements, messages=[message], now=movement.at + DELAY)
            facts.append((movement.at, 0, record))
        for dose, _ in story.doses:
            give = partial(record_dose, dose=dose, vault=vault, now=dose.at + DELAY)
            facts.append((dose.at, 1, give))
    facts.sort(key=lambda fact: fact[:2])
    with database.begin() as session:
        for _, _, tell in facts:
            tell(session)


def content(database: Database, tables: tuple[str, ...]) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of these tables in one order, row ids spelled as what they stand for."""
    with database.read() as session:
        names = _names(session)
        return {table: sorted(_rows(session, table, names), key=repr) for table in tables}


def _names(session: Session) -> dict[str, dict[int, Any]]:
    """What a row id stands for, by the table that it is of."""
    names: dict[str, dict[int, Any]] = {}
    for table, column in (
        *(("site", "code"), ("unit", "code"), ("sensor", "code"), ("movement", "code")),
        *(("lot", "number"), ("dose", "code"), ("pack", "key")),
    ):
        own = Base.metadata.tables[table].c
        names[table] = {row[0]: row[1] for row in session.execute(select(own.id, own[column]))}
    vault = Vault(SECRET_KEY)
    names["recipient"] = {
        row.id: repr(sorted(unmasked(row, vault).items()))
        for row in session.scalars(select(Recipient))
    }
    return names


def _rows(session: Session, table: str, names: dict[str, dict[int, Any]]) -> list[tuple[Any, ...]]:
    own = Base.metadata.tables[table]
    spelled = []
    for row in session.execute(select(own)):
        values: dict[str, Any] = dict(row._mapping)
        if table == "recipient":
            values["person"] = names["recipient"][values["id"]]
        for column in own.columns:
            if column.name in _OWN:
                del values[column.name]
            for key in column.foreign_keys:
                table_of_key = key.column.table.name
                if table_of_key in names and values[column.name] is not None:
                    values[column.name] = names[table_of_key][values[column.name]]
        spelled.append(tuple(sorted(values.items())))
    return spelled


def indexes(database: Database) -> list[tuple[Any, ...]]:
    """The indexes of a database, as it spells them."""
    query = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    if database.is_sqlite:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY 1"
    with database.read() as session:
        return [tuple(row) for row in session.execute(text(query))]


@pytest.fixture
def province() -> Province:
    return Province(PLAN)


@pytest.fixture
def captured(tmp_path: Path, province: Province) -> Generator[Database, None, None]:
    """The same province as sites would have told of it."""
    url = f"sqlite:///{tmp_path / 'captured.db'}"
    upgrade_database(url)
    database = open_database(url)
    with database.begin() as session:
        for document in province.documents():
            told = {name: value for name, value in document.items() if name != "kind"}
            kind = str(document["kind"])
            register(session, kind, KINDS[kind]().load(told), PLAN.until)
    capture(database, province)
    yield database
    database.close()


@pytest.mark.parametrize("lots_at_once", [LOTS_AT_ONCE, 1])
def test_a_province_written_in_bulk_is_the_one_that_capture_makes(
    database_url: str, captured: Database, province: Province, tmp_path: Path, lots_at_once: int
) -> None:
    database = open_database(database_url)
    found(database, province)
    before, told_of = indexes(database), [0]
    fill_ledger(database, province, tmp_path, told_of.append, lots_at_once)
    assert indexes(database) == before
    assert sum(told_of) == PLAN.doses
    written, told = content(database, TABLES), content(captured, TABLES)
    for table in TABLES:
        assert written[table] == told[table], table
    assert len(written["dose"]) == PLAN.doses
    assert written["pack_movement"]
    found_wrong = {dict(row)["code"] for row in written["finding"]}
    assert {"received_less", "not_at_site"} <= found_wrong
    assert {"wasting", "counting", "storing"} <= {dict(row)["step"] for row in written["movement"]}
    database.close()


def test_what_is_recorded_after_a_bulk_gets_a_row_of_its_own(
    postgresql_url: str, province: Province, tmp_path: Path
) -> None:
    database = open_database(postgresql_url)
    found(database, province)
    fill_ledger(database, province, tmp_path, lambda _: None)
    [*_, story] = Campaign(province).stories()
    dose, _ = story.doses[-1]
    again = replace(dose, id="D-NEW", recipient=person(1 << 40))
    with database.begin() as session:
        outcome = record_dose(session, again, Vault(SECRET_KEY), PLAN.until)
    assert outcome.is_new
    database.close()


def test_the_large_lot_has_so_many_doses_in_so_many_cities() -> None:
    plan = Plan(2_000, cities=9, counties=20, clinics=90, units=600, large=900, large_cities=8)
    province = Province(plan)
    story = next(Campaign(province).stories())
    assert len(story.doses) == 900
    assert len({dose.site[:4] for dose, _ in story.doses}) == 8
    assert len(province.unit_ids) == 600
    room, began = Campaign(province).hot_room()
    unit = room.unit("C")
    came = [one.at for one in story.movements if one.target == unit]
    left = [one.at for one in story.movements if one.source == unit]
    assert max(came) < began < min(left)
