"""Findings as a table, for whoever follows them up in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response

from traceapp.access.guard import visitor
from traceapp.doors import doors
from traceapp.table import csv_answer
from traceapp.trace.finding_list import Wanted, every_finding

_COLUMNS = ("code", "text", "gtin", "lot", "site", "count", "first_at", "last_at", "facts")


def findings_as_table(wanted: Wanted) -> Response:
    """Return all findings that somebody may see as CSV, read while it is sent."""
    database, scope = doors().database, visitor().scope

    def rows() -> Iterator[dict[str, Any]]:
        with database.read() as session:
            for item in every_finding(session, scope, wanted):
                lot = item["lot"] or {}
                facts = [one["movement"] or one["dose"] for one in item["examples"]]
                named = {"gtin": lot.get("gtin"), "lot": lot.get("number")}
                yield {**item, **named, "facts": " ".join(filter(None, facts))}

    return csv_answer("findings.csv", _COLUMNS, rows())
