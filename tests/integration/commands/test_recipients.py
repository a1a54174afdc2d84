"""Forgetting people when the law lets them go, and nobody before that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from click.testing import CliRunner, Result
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from schemas.dose import Dose as DoseDocument
from schemas.lot import LotKey
from tests.integration.commands.test_keys import LOT, dose
from tests.integration.country import REGISTRY, load_registry
from traceapp.capture.dose import DoseOutcome, record_dose
from traceapp.capture.forgetting import forget_some, last_day_kept
from traceapp.capture.resealing import reseal_some
from traceapp.cli import commands
from traceapp.db import Database, open_database
from traceapp.models.account import Audit
from traceapp.models.dose import Dose, Recipient
from traceapp.models.lot import Lot
from traceapp.rules.calendar import CHINA
from traceapp.trace.backward import trace_dose
from traceapp.trace.lookup import resolve
from traceapp.trace.scope import Scope
from traceapp.vault import Vault

VAULT = Vault("key" * 12)
NOW = datetime.now(UTC)
TODAY = NOW.astimezone(CHINA).date()
BEFORE = last_day_kept(TODAY, 5)


def run(database: Database, *options: str) -> Result:
    url = database.engine.url.render_as_string(hide_password=False)
    environ = {"TRACEAPP_DATABASE_URL": url}
    return CliRunner().invoke(commands, ["recipients", "forget", *options], env=environ)


def give(database: Database, vault: Vault, document: DoseDocument) -> DoseOutcome:
    with database.begin() as session:
        return record_dose(session, document, vault, NOW)


def expire(database: Database, expires_on: date | None, number: str = "L1") -> None:
    with database.begin() as session:
        session.execute(update(Lot).where(Lot.number == number).values(expires_on=expires_on))


def left(database: Database) -> tuple[int, int]:
    """How many people there are, and how many doses of nobody."""
    with database.read() as session:
        people = session.scalar(select(func.count()).select_from(Recipient))
        nobody = select(func.count()).where(Dose.recipient_id.is_(None))
        return people or 0, session.scalar(nobody) or 0


def tell(database: Database) -> None:
    """Three people; the third one's second dose is of another lot."""
    for code, document in (("d1", "P1"), ("d2", "P2"), ("d3", "P2"), ("d4", "P3")):
        old = dose(code, document, at=datetime(2010, 5, 9, tzinfo=UTC))
        give(database, VAULT, old)
    other = dose("d5", "P3", at=datetime(2010, 5, 9, tzinfo=UTC), lot=LotKey(LOT.gtin, "L2"))
    give(database, VAULT, other)
    expire(database, BEFORE - timedelta(days=1))
    expire(database, BEFORE, "L2")


def test_it_is_only_counted_unless_it_is_meant(database: Database) -> None:
    tell(database)
    result = run(database)
    assert result.output == (
        f"2 people with 3 doses to be forgotten: every lot of theirs expired before {BEFORE}.\n"
        "Nothing was changed. To do it: --for-good\n"
    )
    assert left(database) == (3, 0)


def test_those_whose_every_lot_expired_long_ago_are_forgotten_and_their_doses_stay(
    database: Database,
) -> None:
    tell(database)
    result = run(database, "--for-good")
    assert result.stdout == (
        f"2 people with 3 doses forgotten: every lot of theirs expired before {BEFORE}.\n"
    )
    assert left(database) == (1, 3)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Dose)) == 5
        assert resolve(session, Scope(), "P1", VAULT) == []
        assert len(resolve(session, Scope(), "P3", VAULT)) == 2
        trace = trace_dose(session, Scope(), "d2")
        [line] = session.scalars(select(Audit).where(Audit.action == "forget recipients"))
        marks = session.scalars(select(Dose.person_digest).where(Dose.recipient_id.is_(None)))
        assert set(marks) == {None}
    assert trace is not None
    assert trace["dose"]["recipient"] is None
    assert line.detail == {"recipients": 2, "doses": 3}
    assert run(database, "--for-good").stdout.startswith("0 people with 0 doses")


def test_the_day_of_expiry_counts_and_more_years_keep_more(database: Database) -> None:
    give(database, VAULT, dose("d1", "P1", at=datetime(2000, 1, 1, tzinfo=UTC)))
    expire(database, BEFORE)
    assert run(database).output.startswith("0 people")
    expire(database, BEFORE - timedelta(days=1))
    assert run(database).output.startswith("1 people")
    assert run(database, "--years", "6").output.startswith("0 people")
    assert run(database, "--years", "4").exit_code == 2
    assert last_day_kept(date(2024, 2, 29), 5) == date(2019, 2, 28)


def test_a_dose_given_lately_of_a_lot_long_expired_keeps_its_person(database: Database) -> None:
    give(database, VAULT, dose("d1", "P1", at=datetime.combine(BEFORE, datetime.min.time(), CHINA)))
    expire(database, date(2001, 1, 1))
    assert run(database, "--for-good").stdout.startswith("0 people")
    assert left(database) == (1, 0)


def test_of_whose_lot_nobody_knows_the_expiry_stays_and_is_told(database: Database) -> None:
    old = datetime(2010, 5, 9, tzinfo=UTC)
    give(database, VAULT, dose("d1", "P1", at=old))
    give(database, VAULT, dose("d2", "P2", at=old, lot=None, pack="84000000000000000001"))
    result = run(database, "--for-good")
    assert result.stdout == (
        f"0 people with 0 doses forgotten: every lot of theirs expired before {BEFORE}.\n"
        "2 people stay because nobody knows when a lot of theirs expires.\n"
    )


def test_it_goes_in_small_steps_that_may_be_broken_off(database: Database) -> None:
    for number in range(10):
        give(database, VAULT, dose(f"d{number}", f"P{number}", at=datetime(2010, 5, 9, tzinfo=UTC)))
    expire(database, date(2011, 1, 1))
    with database.begin() as session:
        done = forget_some(session, BEFORE, 0, 4)
    assert (done.recipients, done.doses) == (4, 4)
    assert left(database) == (6, 4)
    with Session(database.engine) as session:  # It is never committed, as of one killed.
        assert forget_some(session, BEFORE, 0, 4).recipients == 4
    assert left(database) == (6, 4)
    assert run(database, "--for-good").stdout.startswith("6 people with 6 doses")
    assert left(database) == (0, 10)


def test_who_comes_again_afterwards_is_a_new_person(database: Database) -> None:
    old = dose("d1", "P1", at=datetime(2010, 5, 9, tzinfo=UTC))
    give(database, VAULT, old)
    expire(database, date(2011, 1, 1))
    assert run(database, "--for-good").exit_code == 0
    again = give(database, VAULT, old)
    assert (again.is_new, again.is_conflict) == (False, False)
    assert left(database) == (0, 1)
    assert give(database, VAULT, dose("d2", "P1")).is_new
    assert left(database) == (1, 1)


def test_a_dose_being_recorded_and_a_person_being_forgotten_do_not_lose_each_other(
    postgresql_url: str,
) -> None:
    """The recorder found the person and holds it; who forgets, and who reseals, pass it by."""
    database = open_database(postgresql_url)
    load_registry(database, REGISTRY)
    give(database, VAULT, dose("d1", "P1", at=datetime(2010, 5, 9, tzinfo=UTC)))
    expire(database, date(2011, 1, 1))
    newer = Vault("new" * 12, ["key" * 12])
    with database.begin() as recorder:
        record_dose(recorder, dose("d2", "P1", at=NOW), VAULT, NOW)
        with database.begin() as session:
            assert forget_some(session, BEFORE, 0, 10).last is None
            assert reseal_some(session, newer, 0, 10).last is None
    with database.begin() as session:
        assert forget_some(session, BEFORE, 0, 10).recipients == 0
        assert reseal_some(session, newer, 0, 10).resealed == 1
    assert left(database) == (1, 0)
    database.close()
