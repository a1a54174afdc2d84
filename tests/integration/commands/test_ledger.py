"""Rebuilding ledgers from the terminal: right where something was wrong, and nothing else."""

from __future__ import annotations

from click.testing import CliRunner, Result
from sqlalchemy import delete

from tests.integration.capture.test_movement import LOT, STORY, derived, report
from traceapp.commands.ledger import ledger
from traceapp.db import Database
from traceapp.models.posting import Posting
from traceapp.models.stock import Stock


def run(database: Database, *arguments: str) -> Result:
    url = database.engine.url.render_as_string(hide_password=False)
    return CliRunner().invoke(ledger, arguments, env={"TRACEAPP_DATABASE_URL": url})


def test_rebuilding_changes_nothing_where_nothing_was_wrong(database: Database) -> None:
    for document in STORY:
        report(database, document)
    kept = derived(database)
    assert (
        run(database, "rebuild", "--all").output == "1 lots rebuilt, 0 of them changed, in 0 rows\n"
    )
    assert derived(database) == kept


def test_rebuilding_one_lot_brings_back_what_was_lost(database: Database) -> None:
    for document in STORY:
        report(database, document)
    kept = derived(database)
    with database.begin() as session:
        session.execute(delete(Posting))
        session.execute(delete(Stock))
    name = f"{LOT['gtin']}/{LOT['number']}"
    assert run(database, "rebuild", name).output == "1 lots rebuilt, 1 of them changed, in 8 rows\n"
    assert derived(database) == kept


def test_a_lot_that_nobody_knows_is_an_error_in_one_line(database: Database) -> None:
    result = run(database, "rebuild", "06901234567892/NONE")
    assert (result.exit_code, result.output) == (
        1,
        "Error: Expected a known lot as GTIN/LOT, got 06901234567892/NONE\n",
    )
    assert run(database, "rebuild").exit_code == 2
