"""Reading about adverse events: every look is written down, and words are shown for a reason."""

from __future__ import annotations

from typing import Any

import structlog

from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.access.reason import without_people
from traceapp.doors import doors
from traceapp.problem import Problem, not_found
from traceapp.trace.adverse_event import describe_event, events_of_dose, events_of_lot
from traceapp.trace.reach import find_lot_within
from traceapp.vault import KeyUnknown, SealBroken

_log = structlog.get_logger()


def list_events_of_dose(code: str) -> list[dict[str, Any]]:
    """Return every report about a dose, without its words; it is audited where there is any."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        found = events_of_dose(session, who.scope, code)
    if found is None:
        raise not_found("dose", code)
    if found:
        _write_down(code, {"events": [one["id"] for one in found]})
    return found


def list_events_of_lot(
    gtin: str, number: str, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """Return counts, rates and a page of reports about a lot; it is audited."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        lot = find_lot_within(session, who.scope, gtin, number)
        if lot is None:
            raise not_found("lot", f"{gtin}/{number}")
        found = events_of_lot(session, who.scope, lot, limit, cursor)
    _write_down(f"{gtin}/{number}", {"events": [one["id"] for one in found["items"]]})
    return found


def reveal_description(code: str, reason: str) -> dict[str, Any]:
    """Return a report in words; the same transaction writes down who looked and why."""
    parts, who, now = doors(), visitor(), doors().clock()
    try:
        with parts.database.begin() as session:
            found = describe_event(session, who.scope, code, parts.vault)
            if found is None:
                raise not_found("adverse event", code)
            if found.text is None:
                raise Problem(404, f"There are no words to adverse event {code}.")
            why = without_people(reason, [])
            detail = {"site": found.site, "dose": found.dose, "reason": why}
            audit(session, who.name, "reveal adverse event", code, now, detail)
    except (KeyUnknown, SealBroken) as error:
        _log.error("description_unreadable", adverse_event=code, error=type(error).__name__)
        said = "These words cannot be opened: their key is not here, or they are damaged."
        raise Problem(503, said) from None
    return {"id": code, "dose": found.dose, "description": found.text}


def _write_down(about: str, detail: dict[str, Any]) -> None:
    parts, who = doors(), visitor()
    with parts.database.begin() as session:
        audit(session, who.name, "list adverse events", about, parts.clock(), detail)
