"""The trace in a terminal shows names as they are, whatever they hold."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from sqlalchemy import select

from schemas.dose import DoseSchema
from schemas.movement import MovementSchema
from tests.integration.country import NOW, REGISTRY, load_registry
from traceapp.capture.dose import record_dose
from traceapp.capture.movement import MovementMessage, record_movements
from traceapp.commands.trace import trace
from traceapp.db import open_database
from traceapp.models.account import Audit
from traceapp.vault import Vault


@pytest.fixture
def told(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A terminal before a registry with a refrigerator of an unkind name."""
    database = open_database(sqlite_url)
    unkind = {"kind": "unit", "code": "FRIDGE", "site": "CLINIC", "name": "[/x]\x1b[2J[red]1号"}
    load_registry(database, [*REGISTRY, {**unkind, "type": "refrigerator"}])
    database.close()
    monkeypatch.setenv("TRACEAPP_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TRACEAPP_SECRET_KEY", "x" * 32)
    return CliRunner()


def test_a_name_that_looks_like_markup_is_shown_and_steers_nothing(told: CliRunner) -> None:
    done = told.invoke(trace, ["FRIDGE"])
    assert done.exit_code == 0, done.output
    assert "[/x]" in done.output
    assert "\x1b[2J" not in done.output


def test_the_tables_tell_the_time_that_the_pages_tell(
    told: CliRunner, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lot = {"gtin": "06901234567892", "number": "L1"}
    made = {"id": "m1", "at": "2021-05-01T00:00:00Z", "step": "commissioning", "to": "MAKER-1"}
    sent = {"id": "m2", "at": "2021-05-02T20:00:00Z", "step": "shipping", "from": "MAKER-1"}
    facts = [{**made, "lot": lot, "doses": 9}, {**sent, "lot": lot, "doses": 9, "to": "CDC"}]
    database = open_database(sqlite_url)
    with database.begin() as session:
        movements = [MovementSchema().load(fact) for fact in facts]
        [receipt] = record_movements(session, [MovementMessage(None, movements)], NOW)
    database.close()
    assert receipt.stored == len(facts), receipt.refusals
    monkeypatch.setenv("COLUMNS", "200")
    done = told.invoke(trace, ["L1"])
    assert "2021-05-03 04:00" in done.output


def test_a_narrow_terminal_breaks_no_code_and_no_date(
    told: CliRunner, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "202105-A-LONG-LOT"
    lot = {"gtin": "06901234567892", "number": number}
    made = {"id": "m1", "at": "2021-05-01T00:00:00Z", "step": "commissioning", "to": "MAKER-1"}
    sent = {"id": "m2", "at": "2021-05-02T20:00:00Z", "step": "shipping", "from": "MAKER-1"}
    facts = [{**made, "lot": lot, "doses": 900}, {**sent, "lot": lot, "doses": 900, "to": "CDC"}]
    came = {"id": "m3", "at": "2021-05-03T03:00:00Z", "step": "receiving", "from": "MAKER"}
    facts.append({**came, "lot": lot, "doses": 900, "to": "CDC-1"})
    database = open_database(sqlite_url)
    with database.begin() as session:
        movements = [MovementSchema().load(fact) for fact in facts]
        [receipt] = record_movements(session, [MovementMessage(None, movements)], NOW)
    database.close()
    assert receipt.stored == len(facts), receipt.refusals
    for columns in ("40", "80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        said = told.invoke(trace, [number]).output
        for whole in ("2021-05-03 04:00", "2021-05-03 11:00", number, "MAKER", "CDC-1"):
            assert whole in said, (columns, said)
        if columns != "40":
            assert all(cell_len(line) <= int(columns) for line in said.splitlines()), said


@pytest.mark.parametrize("code", ["\udcff", "a\0b", "nothing"])
def test_a_code_that_cannot_be_is_one_line(told: CliRunner, code: str) -> None:
    done = told.invoke(trace, [code])
    assert done.exit_code == 1
    assert done.output.startswith("Error: Expected a code")


def test_that_a_person_was_looked_for_is_audited_without_the_number(
    told: CliRunner, sqlite_url: str
) -> None:
    database = open_database(sqlite_url)
    load_registry(database, REGISTRY)
    person = {"document": "E12345678", "document_type": "passport", "name": "张三"}
    given: dict[str, object] = {
        "id": "d1",
        "at": "2021-05-09T08:00:00Z",
        "site": "CLINIC",
        "recipient": person,
    }
    given["lot"] = {"gtin": "06901234567892", "number": "L1"}
    with database.begin() as session:
        record_dose(session, DoseSchema().load(given), Vault("x" * 32), NOW)
    result = told.invoke(trace, ["e12345678", "--json"])
    assert result.exit_code == 0, result.output
    assert "E12345678" not in result.output
    with database.read() as session:
        line = session.scalars(select(Audit)).one()
    database.close()
    assert (line.actor, line.action, line.detail) == (
        "command line",
        "find recipient",
        {"doses": ["d1"]},
    )
