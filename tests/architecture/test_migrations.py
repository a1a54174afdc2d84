"""The migrations end in one place, and that place is what the models say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from traceapp.db import open_database
from traceapp.models.all import is_ours, metadata
from traceapp.schema import alembic_configuration, upgrade_database


def test_the_migrations_have_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_configuration()).get_heads()) == 1


def test_the_migrations_make_what_the_models_say(empty_database_url: str) -> None:
    upgrade_database(empty_database_url)
    database = open_database(empty_database_url)
    with database.read() as session:
        context = MigrationContext.configure(
            session.connection(), opts={"compare_type": True, "include_name": is_ours}
        )
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == []


def test_migrating_a_database_that_is_up_to_date_changes_nothing(database_url: str) -> None:
    before, after = upgrade_database(database_url)
    assert before == after
    assert before is not None
