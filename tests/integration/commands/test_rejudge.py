"""Judging again from the terminal: right where something was wrong, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

from click.testing import CliRunner, Result
from sqlalchemy import delete

from tests.integration.capture.test_reading import excursions, send
from tests.integration.noticing import notice_silence
from traceapp.commands.rejudge import rejudge
from traceapp.db import Database
from traceapp.models.excursion import Excursion, Run
from traceapp.models.outbox import Outbox, OutboxSite


def run(database: Database, *arguments: str) -> Result:
    url = database.engine.url.render_as_string(hide_password=False)
    return CliRunner().invoke(rejudge, arguments, env={"TRACEAPP_DATABASE_URL": url})


def tell(database: Database) -> None:
    """A hot hour, and the silence of the years since then."""
    send(database, "S1", (0, 9), (30, 9), (40, 5))
    with database.begin() as session:
        notice_silence(session, datetime.now(UTC))


def test_judging_again_changes_nothing_where_nothing_was_wrong(database: Database) -> None:
    tell(database)
    assert run(database, "--all").output == "5 units judged, 0 of them changed\n"


def test_judging_again_finds_what_was_lost(database: Database) -> None:
    tell(database)
    before = [(row.rule, row.started_at, row.ended_at) for row in excursions(database)]
    with database.begin() as session:
        for model in (OutboxSite, Outbox, Excursion, Run):
            session.execute(delete(model))
    assert run(database, "FRIDGE").output == "1 units judged, 1 of them changed\n"
    assert [(row.rule, row.started_at, row.ended_at) for row in excursions(database)] == before


def test_a_unit_that_nobody_knows_is_named_in_one_line(database: Database) -> None:
    result = run(database, "NOWHERE")
    assert (result.exit_code, result.output) == (
        1,
        "Error: Expected a registered unit, got NOWHERE\n",
    )
    assert run(database).exit_code == 2
