"""Seeing people unmasked: who may, why, and written down before anybody sees anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from flask import Response

from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.access.reason import without_people
from traceapp.doors import doors
from traceapp.models.lot import Lot
from traceapp.problem import Problem, not_found
from traceapp.table import csv_answer
from traceapp.trace.forward import list_lot_doses
from traceapp.trace.given import stream_lot_doses
from traceapp.trace.reach import find_lot_within
from traceapp.trace.recipient import masked, reveal, unmasked_where_readable
from traceapp.vault import KeyUnknown, SealBroken

_MASKED = ("id", "at", "site", "pack", "dose_number", "name", "document")
_UNMASKED = (*_MASKED, "document_type", "born_on", "sex")

_log = structlog.get_logger()


def reveal_recipient(code: str, reason: str) -> dict[str, Any]:
    """Return the person behind a dose; the same transaction writes down who looked and why."""
    parts, who, now = doors(), visitor(), doors().clock()
    try:
        with parts.database.begin() as session:
            found = reveal(session, who.scope, code, parts.vault)
            if found is None:
                raise not_found("dose", code)
            if found.person is None:
                raise Problem(404, f"The person of dose {code} has been forgotten.")
            detail = {"site": found.site, "reason": without_people(reason, [found.person])}
            audit(session, who.name, "reveal recipient", code, now, detail)
    except (KeyUnknown, SealBroken) as error:
        _log.error("recipient_unreadable", dose=code, error=type(error).__name__)
        said = "This person's record cannot be opened: its key is not here, or it is damaged."
        raise Problem(503, said) from None
    return {"dose": code, "recipient": found.person}


def list_recipients(
    gtin: str, number: str, limit: int, cursor: str | None, reason: str | None = None
) -> dict[str, Any]:
    """Return a page of who received a lot, unmasked where there is a reason; it is audited."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        lot = _find_lot(session, gtin, number)
        page = list_lot_doses(session, who.scope, lot, limit, cursor, _shown(reason))
    # Written after the reading, so that a long list keeps no reading of a sensor waiting.
    detail: dict[str, Any] = {"format": "json", "cursor": cursor}
    if reason is not None:
        people = [one["recipient"] for one in page["items"] if one["recipient"]]
        detail["reason"] = without_people(reason, people)
        detail["doses"] = [one["id"] for one in page["items"]]
    _write_down(lot, detail)
    return page


def recipients_as_table(gtin: str, number: str, reason: str | None = None) -> Response:
    """Return all of who received a lot as CSV, read while it is sent; audited before that."""
    parts, who = doors(), visitor()
    with parts.database.read() as session:
        lot = _find_lot(session, gtin, number)
    detail = {"format": "csv"}
    if reason is not None:
        detail["reason"] = without_people(reason, [])
    _write_down(lot, detail)
    database, show = parts.database, _shown(reason)

    def rows() -> Iterator[dict[str, Any]]:
        with database.read() as session:
            yield from stream_lot_doses(session, who.scope, lot, show)

    columns = _MASKED if reason is None else _UNMASKED
    return csv_answer(f"{lot.gtin}-{lot.number}.csv", columns, rows())


def _shown(reason: str | None) -> Any:
    """Return how a recipient is shown to whoever gives, or does not give, a reason."""
    if reason is None:
        return masked
    vault = doors().vault
    return lambda recipient: unmasked_where_readable(recipient, vault)


def _find_lot(session: Any, gtin: str, number: str) -> Lot:
    lot = find_lot_within(session, visitor().scope, gtin, number)
    if lot is None:
        raise not_found("lot", f"{gtin}/{number}")
    return lot


def _write_down(lot: Lot, detail: dict[str, Any]) -> None:
    parts, who = doors(), visitor()
    action = "reveal recipients" if "reason" in detail else "list recipients"
    with parts.database.begin() as session:
        audit(session, who.name, action, f"{lot.gtin}/{lot.number}", parts.clock(), detail)
