"""Listing the people of a recall: masked, or unmasked for a reason; written down either way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from traceapp.access.audit import audit
from traceapp.access.guard import visitor
from traceapp.access.reason import without_people
from traceapp.doors import doors
from traceapp.models.lot import Lot
from traceapp.problem import not_found
from traceapp.table import csv_answer
from traceapp.trace.recall import find_recall
from traceapp.trace.recall_recipient import Show, list_recall_doses, stream_recall_doses
from traceapp.trace.recipient import masked, unmasked_where_readable
from traceapp.trace.scope import Scope

_MASKED = ("id", "at", "site", "pack", "dose_number", "name", "document", "again_at")
_UNMASKED = (*_MASKED, "document_type", "born_on", "sex")


def list_recall(
    recall_id: int, limit: int, cursor: str | None, reason: str | None = None
) -> dict[str, Any]:
    """Return a page of who received a recalled lot, unmasked where there is a reason."""
    with doors().database.read() as session:
        lot, scopes = _found(session, recall_id)
        page = list_recall_doses(session, scopes, lot, limit, cursor, _shown(reason))
    detail: dict[str, Any] = {"format": "json", "cursor": cursor}
    if reason is not None:
        people = [one["recipient"] for one in page["items"] if one["recipient"]]
        detail["reason"] = without_people(reason, people)
        detail["doses"] = [one["id"] for one in page["items"]]
    _write_down(recall_id, lot, detail)
    return page


def recall_as_table(recall_id: int, reason: str | None = None) -> Response:
    """Return all of who received a recalled lot as CSV, read while it is sent."""
    with doors().database.read() as session:
        lot, scopes = _found(session, recall_id)
    detail: dict[str, Any] = {"format": "csv"}
    if reason is not None:
        detail["reason"] = without_people(reason, [])
    _write_down(recall_id, lot, detail)
    database, show = doors().database, _shown(reason)

    def rows() -> Iterator[dict[str, Any]]:
        with database.read() as session:
            yield from stream_recall_doses(session, scopes, lot, show)

    columns = _MASKED if reason is None else _UNMASKED
    return csv_answer(f"recall-{recall_id}-recipients.csv", columns, rows())


def _found(session: Session, recall_id: int) -> tuple[Lot, tuple[Scope, Scope]]:
    """The lot of a recall, and in which two scopes its people are shown: its own and ours."""
    found = find_recall(session, visitor().scope, recall_id)
    if found is None:
        raise not_found("recall", str(recall_id))
    lot, held = found
    return lot, (visitor().scope, held.scope)


def _shown(reason: str | None) -> Show:
    if reason is None:
        return masked
    vault = doors().vault
    return lambda recipient: unmasked_where_readable(recipient, vault)


def _write_down(recall_id: int, lot: Lot, detail: dict[str, Any]) -> None:
    parts, who = doors(), visitor()
    action = "reveal recipients" if "reason" in detail else "list recipients"
    about, told = f"{lot.gtin}/{lot.number}", {"recall": recall_id, **detail}
    with parts.database.begin() as session:
        audit(session, who.name, action, about, parts.clock(), told)
