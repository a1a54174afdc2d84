"""What the database's errors may say."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from traceapp.db import Database


def test_an_error_does_not_say_what_was_asked_for(database: Database) -> None:
    asked = text("SELECT 1 FROM nowhere WHERE document = :document")
    with pytest.raises(DBAPIError) as raised, database.read() as session:
        session.execute(asked, {"document": "451481199001011234"})
    assert "451481199001011234" not in str(raised.value)
