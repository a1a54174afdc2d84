"""Any code in hand; that a person was found by a document is written down."""

from __future__ import annotations

from typing import Any

from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.doors import doors
from traceapp.trace.code import meanings_of
from traceapp.trace.lookup import resolve


def look_up(code: str) -> dict[str, Any]:
    """Return what a code names to whoever is asking, and what its form says it may be."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        found = resolve(session, who.scope, code, parts.vault)
        meanings = meanings_of(session, who.scope, code)
    people = [one["code"] for one in found if one["kind"] == "recipient"]
    if people:
        with parts.database.begin() as session:
            audit(
                session, who.name, "find recipient", "by document", parts.clock(), {"doses": people}
            )
        meanings = []  # They would repeat the number.
    return {"items": found, "next": None, "meanings": meanings}
