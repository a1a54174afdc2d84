"""Any code in hand; that a person was found by a document is written down."""

from __future__ import annotations

from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.doors import doors
from traceapp.trace.lookup import resolve


def look_up(code: str) -> list[dict[str, str]]:
    """Return what a code names to whoever is asking."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        found = resolve(session, who.scope, code, parts.vault)
    people = [one["code"] for one in found if one["kind"] == "recipient"]
    if people:
        with parts.database.begin() as session:
            audit(
                session, who.name, "find recipient", "by document", parts.clock(), {"doses": people}
            )
    return found
