"""Changing the key of recipients: nobody lost, nobody doubled, whenever it is killed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from click.testing import CliRunner, Result
from sqlalchemy import func, insert, select, update

from schemas.dose import Dose as DoseDocument
from schemas.dose import DoseSchema, Recipient
from schemas.lot import LotKey
from tests.integration.country import NOW
from tests.servers.fixtures import RunProcess
from tests.servers.program import Program, wait_until
from traceapp.capture.dose import DoseOutcome, record_dose
from traceapp.capture.recipient import row_of
from traceapp.capture.resealing import reseal_some
from traceapp.cli import commands
from traceapp.db import Database
from traceapp.models.account import Audit
from traceapp.models.dose import Dose
from traceapp.models.dose import Recipient as RecipientRow
from traceapp.trace.lookup import resolve
from traceapp.trace.recipient import is_any_under_another_key, reveal
from traceapp.trace.scope import Scope
from traceapp.vault import Vault

OLD, NEW, OLDEST = ("old" * 12, "new" * 12, "oldest" * 6)
_ROTATE = ["-c", "from traceapp.cli import main; main()", "keys", "rotate"]
LOT = LotKey("06901234567892", "L1")


def dose(code: str, document: str, **more: Any) -> DoseDocument:
    person = Recipient(document, "passport", more.pop("name", "张三"))
    loaded: DoseDocument = DoseSchema().load(
        {
            "id": code,
            "at": "2021-05-09T08:00:00+08:00",
            "site": "CLINIC",
            "lot": {"gtin": LOT.gtin, "number": LOT.number},
            "recipient": {"document": document, "document_type": "passport"},
        }
    )
    return replace(loaded, recipient=person, **more)


def give(database: Database, vault: Vault, document: DoseDocument) -> DoseOutcome:
    with database.begin() as session:
        return record_dose(session, document, vault, NOW)


def environ(database: Database, first: str, *others: str) -> dict[str, str]:
    return {
        "TRACEAPP_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "TRACEAPP_SECRET_KEY": first,
        "TRACEAPP_OTHER_SECRET_KEYS": "\n".join(others),
    }


def run(database: Database, command: str, first: str, *others: str) -> Result:
    told = environ(database, first, *others)
    return CliRunner().invoke(commands, ["keys", command], env=told)


def people(database: Database, vault: Vault) -> dict[str, str]:
    """Whose number stands behind each dose, by the keys of a vault."""
    with database.read() as session:
        codes = session.scalars(select(Dose.code).order_by(Dose.code)).all()
        found = {code: reveal(session, Scope(), code, vault) for code in codes}
    return {code: one.person["document"] for code, one in found.items() if one and one.person}


def count(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(RecipientRow)) or 0


def finds(database: Database, vault: Vault, document: str) -> list[str]:
    with database.read() as session:
        return [one["code"] for one in resolve(session, Scope(), document, vault)]


def test_after_a_rotation_the_old_key_opens_and_finds_nothing(database: Database) -> None:
    for number in range(5):
        give(database, Vault(OLD), dose(f"d{number}", f"P{number}"))
    result = run(database, "rotate", NEW, OLD)
    assert (result.exit_code, result.stdout) == (
        0,
        "5 recipients resealed, 0 of them merged; 0 remain under other keys.\n",
    )
    assert people(database, Vault(NEW)) == {f"d{n}": f"P{n}" for n in range(5)}
    assert finds(database, Vault(NEW), "p3") == ["d3"]
    assert finds(database, Vault(OLD), "P3") == []
    again = run(database, "rotate", NEW, OLD)
    assert again.stdout.startswith("0 recipients resealed")
    with database.read() as session:
        lines = session.scalars(select(Audit).where(Audit.action == "keys rotated")).all()
    assert [line.detail for line in lines] == [
        {"resealed": 5, "merged": 0, "remaining": 0},
        {"resealed": 0, "merged": 0, "remaining": 0},
    ]
    assert OLD not in str([line.detail for line in lines]) + result.output


def test_before_it_a_person_under_the_old_key_is_known_and_not_doubled(
    database: Database,
) -> None:
    give(database, Vault(OLD), dose("d1", "P1"))
    both = Vault(NEW, [OLD])
    give(database, both, dose("d2", "p1"))
    assert count(database) == 1
    assert sorted(finds(database, both, "P1")) == ["d1", "d2"]
    assert people(database, both) == {"d1": "P1", "d2": "P1"}


def test_the_same_dose_is_the_same_and_another_person_another_under_every_key(
    database: Database,
) -> None:
    first = dose("d1", "P1")
    give(database, Vault(OLD), first)
    renamed = dose("d1", "P1", name="李四")
    for vault in (Vault(NEW, [OLD]), Vault(OLD)):
        assert not give(database, vault, first).is_conflict
        assert give(database, vault, renamed).is_conflict
    assert run(database, "rotate", NEW, OLD).exit_code == 0
    assert not give(database, Vault(NEW), first).is_conflict
    assert give(database, Vault(NEW), renamed).is_conflict
    assert give(database, Vault(NEW), replace(first, vaccinator="W")).is_conflict


def test_two_rows_of_one_person_become_one_with_all_doses_and_all_that_was_said(
    database: Database,
) -> None:
    nameless = dose("d1", "P1", name=None)
    give(database, Vault(OLDEST), nameless)
    give(database, Vault(OLD), dose("d2", "P1", name="张三"))
    give(database, Vault(NEW), dose("d3", "P1", name="李四"))
    give(database, Vault(OLD), dose("d4", "P4"))
    give(database, Vault(OLDEST), dose("d5", "P4"))
    assert count(database) == 5
    result = run(database, "rotate", NEW, OLD, OLDEST)
    assert result.stdout.startswith("4 recipients resealed, 3 of them merged; 0 remain"), result
    assert count(database) == 2
    vault = Vault(NEW)
    assert sorted(finds(database, vault, "P1")) == ["d1", "d2", "d3"]
    with database.read() as session:
        found = reveal(session, Scope(), "d3", vault)
        masked = session.scalars(select(RecipientRow.name_masked)).all()
    assert found is not None
    assert found.person is not None
    assert found.person["name"] == "张三"
    assert set(masked) == {"张*"}
    for code, document, name in (("d1", "P1", None), ("d2", "P1", "张三"), ("d3", "P1", "李四")):
        outcome = give(database, vault, dose(code, document, name=name))
        assert (outcome.is_new, outcome.is_conflict) == (False, False), code


def test_what_it_cannot_open_it_leaves_and_tells(database: Database) -> None:
    for number, key in enumerate((OLD, OLD, OLDEST)):
        give(database, Vault(key), dose(f"d{number}", f"P{number}"))
    with database.begin() as session:
        broken = session.scalar(select(Dose.recipient_id).where(Dose.code == "d1"))
        session.execute(
            update(RecipientRow).where(RecipientRow.id == broken).values(sealed=b"x" * 60)
        )
    result = run(database, "rotate", NEW, OLD)
    assert result.exit_code == 1
    assert result.stdout == "1 recipients resealed, 0 of them merged; 2 remain under other keys.\n"
    assert f"1 under key {Vault(OLDEST).key_id}: it is not among the settings" in result.stderr
    assert f"Rows of recipient that their key does not open: {broken}." in result.stderr


def test_the_keys_are_counted_by_their_ids(database: Database) -> None:
    for number, key in enumerate((OLD, OLD, OLDEST)):
        give(database, Vault(key), dose(f"d{number}", f"P{number}"))
    shown = [line.split() for line in run(database, "show", NEW, OLD).stdout.splitlines()]
    assert shown == [
        [Vault(NEW).key_id, "first", "0"],
        [Vault(OLD).key_id, "other", "2"],
        [Vault(OLDEST).key_id, "unknown", "1"],
    ]


def test_whether_anybody_is_under_another_key_is_known(database: Database) -> None:
    for number, key in enumerate((OLD, NEW, OLDEST)):
        give(database, Vault(key), dose(f"d{number}", f"P{number}"))
    with database.read() as session:
        for known, is_missing in (
            ([OLD, NEW, OLDEST], False),
            ([OLD, NEW], True),
            ([NEW, OLDEST], True),
            ([OLD, OLDEST], True),
        ):
            ids = [Vault(key).key_id for key in known]
            assert is_any_under_another_key(session, ids) == is_missing, known


def test_a_rotation_that_is_killed_anywhere_is_only_begun_again(database: Database) -> None:
    for number in range(40):
        give(database, Vault(OLD), dose(f"d{number:02}", f"P{number // 2}"))
        give(database, Vault(OLDEST), dose(f"e{number:02}", f"P{number // 2}"))
    expected = people(database, Vault(NEW, [OLD, OLDEST]))
    vault = Vault(NEW, [OLD, OLDEST])

    class Killed(Exception):
        """Stands for the end of the process: nothing after it happens."""

    for turn in range(20):
        after, batches = 0, 0
        try:
            while True:
                with database.begin() as session:
                    done = reseal_some(session, vault, after, 3)
                    if batches == turn % 4:
                        raise Killed
                if done.last is None:
                    break
                after, batches = done.last, batches + 1
        except Killed:
            assert people(database, vault) == expected
    assert run(database, "rotate", NEW, OLD, OLDEST).exit_code == 0
    assert people(database, Vault(NEW)) == expected
    assert count(database) == 20


def test_the_command_killed_again_and_again_while_doses_come_in_loses_nobody(
    database: Database, run_process: RunProcess
) -> None:
    """kill -9 in the middle, while processes write that know the old key, the new one, or both."""
    with database.begin() as session:
        old = Vault(OLD)
        rows = []
        for number in range(3_000):
            person = old.know(Recipient(f"P{number}", "passport", "张三"))
            rows.append(row_of(old.seal(person), person))
        session.execute(insert(RecipientRow), rows)
    is_over, faults = threading.Event(), []

    def record(name: str, vault: Vault, step: int) -> Callable[[], None]:
        def turn() -> None:
            number = 0
            while not is_over.wait(0.005):
                number += 1
                try:
                    give(database, vault, dose(f"{name}-{number}", f"P{number * step % 3_500}"))
                except Exception as error:  # noqa: BLE001  whatever it is, the test must tell it
                    faults.append(error)
                    return

        return turn

    writers = [
        threading.Thread(target=record("old", Vault(OLD), 37)),
        threading.Thread(target=record("new", Vault(NEW, [OLD]), 41)),
        threading.Thread(target=record("alone", Vault(NEW), 43)),
    ]
    for writer in writers:
        writer.start()
    for _ in range(4):
        kill_at_work(database, run_process(_ROTATE, environ(database, NEW, OLD)))
    is_over.set()
    for writer in writers:
        writer.join(60)
    assert faults == []
    both = Vault(NEW, [OLD])
    expected = people(database, both)
    assert run(database, "rotate", NEW, OLD).exit_code == 0
    assert people(database, Vault(NEW)) == expected
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Dose)) == len(expected)
        assert not is_any_under_another_key(session, [Vault(NEW).key_id])
    assert set(expected.values()) <= {f"P{number}" for number in range(3_500)}
    assert count(database) == len({*expected.values(), *(f"P{n}" for n in range(3_000))})


def kill_at_work(database: Database, process: Program) -> None:
    before = count_moved(database)
    wait_until(
        lambda: process.exit_status is not None or count_moved(database) > before,
        "somebody is resealed",
        60,
    )
    process.kill()


def count_moved(database: Database) -> int:
    """How many of those who were there at first are under the new key."""
    with database.read() as session:
        is_moved = RecipientRow.key_id == Vault(NEW).key_id
        query = select(func.count()).where(RecipientRow.id <= 3_000, is_moved)
        return session.scalar(query) or 0
