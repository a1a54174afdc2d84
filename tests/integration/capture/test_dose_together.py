"""Doses reported at once: each is stored once and booked once, and what is too much is found."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from schemas.dose import DoseSchema
from tests.integration.capture.test_movement import LOT, report
from tests.integration.capture.test_together import at_once
from tests.integration.country import NOW
from traceapp.capture.dose import DoseOutcome, DoseRefused, record_dose, record_doses
from traceapp.capture.rebuilding import rebuild
from traceapp.db import Database
from traceapp.models.dose import Dose, Recipient
from traceapp.models.finding import Finding
from traceapp.models.lot import Lot
from traceapp.models.posting import Posting
from traceapp.models.rejection import Conflict
from traceapp.models.stock import Stock
from traceapp.vault import Vault

VAULT = Vault("x" * 32)


def document(code: str, minute: int = 0, **change: Any) -> dict[str, Any]:
    person = {"document": f"P{code}", "document_type": "passport"}
    at = f"2021-05-10T00:{minute:02}:00Z"
    return {"id": code, "at": at, "site": "CLINIC", "lot": LOT, "recipient": person} | change


def record(database: Database, *documents: dict[str, Any]) -> list[DoseOutcome | DoseRefused]:
    doses = [DoseSchema().load(one) for one in documents]
    with database.begin() as session:
        return record_doses(session, doses, VAULT, NOW)


def fill(database: Database, doses: int) -> None:
    made = {"id": "made", "at": "2021-05-01T00:00:00Z", "step": "commissioning", "to": "FRIDGE"}
    report(database, made | {"doses": doses}, "CLINIC")


def count(database: Database, model: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_dose_that_eight_clients_report_at_once_is_stored_and_booked_once(
    database: Database,
) -> None:
    fill(database, 5)
    outcomes: list[DoseOutcome] = []

    def give() -> None:
        with database.begin() as session:
            outcomes.append(record_dose(session, DoseSchema().load(document("d")), VAULT, NOW))

    at_once(*[give] * 8)
    assert sorted(one.is_new for one in outcomes) == [False] * 7 + [True]
    assert not any(one.is_conflict for one in outcomes)
    assert (count(database, Dose), count(database, Recipient), count(database, Posting)) == (
        1,
        1,
        2,
    )


def test_of_two_contents_of_one_id_one_wins_and_the_other_is_kept_as_a_conflict(
    database: Database,
) -> None:
    fill(database, 5)
    outcomes: list[DoseOutcome] = []

    def give(number: int) -> None:
        told = DoseSchema().load(document("d", dose_number=number))
        with database.begin() as session:
            outcomes.append(record_dose(session, told, VAULT, NOW))

    at_once(*[lambda n=n: give(n) for n in range(1, 5)])
    assert sorted((one.is_new, one.is_conflict) for one in outcomes) == (
        [(False, True)] * 3 + [(True, False)]
    )
    assert (count(database, Dose), count(database, Conflict)) == (1, 3)


def test_of_six_who_take_the_last_four_doses_at_once_two_learn_that_none_was_left(
    database: Database,
) -> None:
    fill(database, 4)
    at_once(*[lambda n=n: record(database, document(f"d{n}", n % 3)) for n in range(6)])
    with database.begin() as session:
        found = session.scalars(select(Finding.code)).all()
        assert found == ["not_at_site"] * 2
        assert session.scalars(select(Stock.doses)).all() == [0]
        assert rebuild(session, session.scalars(select(Lot.id)).one()) == 0


def test_batches_that_share_people_sites_and_doses_never_wait_in_a_circle(
    database: Database,
) -> None:
    fill(database, 500)
    codes = [f"d{number}" for number in range(60)]

    def give(writer: int) -> None:
        turned = codes[writer * 7 :] + codes[: writer * 7]
        for start in range(0, len(turned), 20):
            told = [document(code, int(code[1:]) % 60) for code in turned[start : start + 20]]
            record(database, *told)

    at_once(*[lambda w=w: give(w) for w in range(4)])
    assert (count(database, Dose), count(database, Recipient)) == (60, 60)
    assert count(database, Conflict) == 0
    with database.begin() as session:
        assert session.scalars(select(Stock.doses)).all() == [440]
        assert rebuild(session, session.scalars(select(Lot.id)).one()) == 0


def test_in_a_batch_each_dose_is_judged_for_itself(database: Database) -> None:
    fill(database, 5)
    record(database, document("known"))
    outcomes = record(
        database,
        document("known"),
        document("known", dose_number=9),
        document("new"),
        document("new"),
        document("new", dose_number=9),
        document("nowhere", site="NOWHERE"),
        document("elsewhere", unit="CDC-1"),
        document("future", at="2031-01-01T00:00:00Z"),
    )
    told = [
        one.refusal.field if isinstance(one, DoseRefused) else (one.is_new, one.is_conflict)
        for one in outcomes
    ]
    known, conflict, new = (False, False), (False, True), (True, False)
    assert told == [known, conflict, new, known, conflict, "site", "unit", "at"]
    assert (count(database, Dose), count(database, Conflict)) == (2, 2)


@pytest.mark.parametrize("size", [1, 7, 40])
def test_doses_in_batches_are_what_they_are_one_by_one(database: Database, size: int) -> None:
    fill(database, 25)
    told = [document(f"d{n:02}", (n * 17) % 60, pack=f"8{n:019}") for n in range(40)]
    for one in told:
        one["recipient"] = {"document": f"P{one['id'][1:]}"[:2], "document_type": "passport"}
    for start in range(0, len(told), size):
        outcomes = record(database, *told[start : start + size])
        assert all(isinstance(one, DoseOutcome) and one.is_new for one in outcomes)
    with database.begin() as session:
        assert session.scalars(select(func.count()).select_from(Recipient)).one() == 4
        assert session.scalars(select(Stock.doses)).all() == [0]
        late = select(Dose.code).join(Finding, Finding.dose_id == Dose.id)
        expected = sorted(told, key=lambda one: (one["at"], one["id"]))[25:]
        assert sorted(session.scalars(late)) == sorted(one["id"] for one in expected)
        assert rebuild(session, session.scalars(select(Lot.id)).one()) == 0
