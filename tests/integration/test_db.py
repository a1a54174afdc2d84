"""What the database's errors may say."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from traceapp.db import Database, first_row_in_binary, open_database


def test_an_error_does_not_say_what_was_asked_for(database: Database) -> None:
    asked = text("SELECT 1 FROM nowhere WHERE document = :document")
    with pytest.raises(DBAPIError) as raised, database.read() as session:
        session.execute(asked, {"document": "451481199001011234"})
    assert "451481199001011234" not in str(raised.value)


def test_an_error_of_the_drivers_own_cursor_is_sqlalchemys(postgresql_url: str) -> None:
    database = open_database(postgresql_url)
    with pytest.raises(ProgrammingError) as raised, database.read() as session:
        first_row_in_binary(session, "SELECT nothing_of_that_name(%s)", ["451481199001011234"])
    assert "451481199001011234" not in str(raised.value)
    database.close()
