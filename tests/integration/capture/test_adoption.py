"""Doses known by their pack alone: a rebuild gives each the lot that movements name it with."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from tests.integration.capture.test_correction import OTHER_LOT
from tests.integration.capture.test_dose_together import record
from tests.integration.capture.test_movement import LOT
from tests.integration.trace.test_packing import BOX, tell
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.pack_finding import PackFinding
from traceapp.models.posting import Posting
from traceapp.models.stay import Stay
from traceapp.models.stock import Stock, Turnover

PACKS = [f"8100000000000000000{number}" for number in range(4)]
#: A label whose serial is that of a pack that a movement names by the serial alone.
LABEL, SERIAL = "(01)06901234567892(21)SN7", "SN7"
_TABLES: tuple[Any, ...] = (Posting, Stay, Finding, PackFinding, Stock, Turnover)


def moment(hour: int) -> str:
    return f"2021-05-04T{hour:02}:00:00Z"


def made(code: str, lot: dict[str, str], *packs: str) -> dict[str, Any]:
    fact = {"id": code, "at": moment(0), "step": "commissioning", "doses": 9, "to": "FRIDGE"}
    return fact | {"lot": lot, "packs": list(packs)}


PACKED: dict[str, Any] = {"id": "p1", "at": "2021-05-03T00:00:00Z", "step": "packing"}
PACKED |= {"from": "FRIDGE", "parent": BOX, "packs": [PACKS[2]]}


def given(code: str, hour: int, pack: str, **more: Any) -> dict[str, Any]:
    person = {"document": f"P{code}", "document_type": "passport"}
    said = {"id": code, "at": moment(hour), "site": "CLINIC", "pack": pack, "recipient": person}
    return said | more


#: Two of packs that a movement names, one of a pack in a case, one by another name of its pack, one
#: that goes out of a pack that two lots claim, and one of which nothing is known.
DOSES = [
    given("d0", 3, PACKS[0]),
    given("d1", 4, PACKS[0]),
    given("d2", 5, PACKS[2]),
    given("d3", 6, LABEL),
    given("d4", 7, PACKS[1]),
    given("d5", 8, PACKS[3]),
]
OF_LOT = {"d0", "d1", "d2", "d3"}


def fill(database: Database) -> None:
    tell(database, PACKED, made("m1", LOT, PACKS[0], PACKS[1], BOX, SERIAL))
    tell(database, made("m2", OTHER_LOT, PACKS[1]))


def lots_of_doses(database: Database) -> dict[str, str | None]:
    with database.read() as session:
        query = select(Dose.code, Lot.number).outerjoin(Lot, Lot.id == Dose.lot_id)
        return {row[0]: row[1] for row in session.execute(query)}


def books(database: Database) -> list[list[str]]:
    """Everything that is derived, without the ids of rows that come and go."""
    with database.read() as session:
        return [
            sorted(
                repr([(name, value) for name, value in row.items() if name != "id"])
                for row in session.execute(select(*table.__table__.columns)).mappings()
            )
            for table in _TABLES
        ]


def rebuild_lots(database: Database, *numbers: str) -> int:
    with database.begin() as session:
        lots = {row.number: row.id for row in session.scalars(select(Lot))}
        return sum(rebuild(session, lots[number]) for number in numbers)


_A, _B = LOT["number"], OTHER_LOT["number"]


@pytest.mark.parametrize("wrong", [None, _A, _B])
@pytest.mark.parametrize("order", [(_A,), (_A, _B), (_B, _A)])
def test_a_lot_set_wrongly_by_hand_is_mended_by_a_rebuild(
    database: Database, wrong: str | None, order: tuple[str, ...]
) -> None:
    fill(database)
    record(database, *DOSES)
    right = lots_of_doses(database)
    assert {code for code, number in right.items() if number == _A} == OF_LOT
    assert rebuild_lots(database, _A, _B) == 0
    kept = books(database)
    with database.begin() as session:
        lot = session.scalar(select(Lot.id).where(Lot.number == wrong))
        session.execute(update(Dose).values(lot_id=lot))
    assert rebuild_lots(database, *order) > 0
    mended = lots_of_doses(database)
    if order == (_A,) and wrong == _B:  # Those of no lot are mended with the lot they are said of.
        assert {code: mended[code] for code in OF_LOT} == dict.fromkeys(OF_LOT, _A)
        rebuild_lots(database, _B)
    assert lots_of_doses(database) == right
    assert books(database) == kept
    assert rebuild_lots(database, _A, _B) == 0


@pytest.mark.parametrize("order", [(_A,), (_B,), (_A, _B), (_B, _A)])
def test_a_dose_booked_under_a_wrong_lot_is_taken_out_there_and_booked_where_it_is_of(
    database: Database, order: tuple[str, ...]
) -> None:
    fill(database)
    told = [one | {"lot": OTHER_LOT} if one["id"] in ("d0", "d2", "d3") else one for one in DOSES]
    record(database, *told)
    with database.begin() as session:
        session.execute(update(Dose).values(is_lot_told=False))
    assert rebuild_lots(database, *order) > 0
    assert lots_of_doses(database) == dict.fromkeys(OF_LOT, _A) | {"d4": None, "d5": None}
    with database.read() as session:
        sums = select(Lot.number, Turnover.administered).join(Lot, Lot.id == Turnover.lot_id)
        assert sorted(session.execute(sums).all()) == [(_A, 4), (_B, 0)]
        stock = select(Lot.number, Stock.doses).join(Lot, Lot.id == Stock.lot_id)
        assert sorted(session.execute(stock).all()) == [(_A, 5), (_B, 9)]
    assert rebuild_lots(database, _A, _B) == 0


def test_a_label_without_its_separator_is_parted_when_a_dose_first_names_its_lot(
    database: Database,
) -> None:
    tell(database, made("m1", LOT))
    record(database, given("d0", 3, f"01{LOT['gtin']}21SN10{OTHER_LOT['number']}"))
    assert lots_of_doses(database) == {"d0": None}
    record(database, given("d1", 4, PACKS[0], lot=OTHER_LOT))
    assert lots_of_doses(database) == dict.fromkeys(("d0", "d1"), _B)
    assert rebuild_lots(database, _A, _B) == 0
