"""Who read or changed what."""

from __future__ import annotations

from typing import Any

from schemas.audit import AuditQuery, AuditSchema
from schemas.page import page_of
from traceapp.access.guard import allow, visitor
from traceapp.api.noun import Noun
from traceapp.doors import doors
from traceapp.trace.audit import WantedLines, list_audit

blueprint = Noun("audit", __name__, description="Who read or changed what")


@blueprint.get("/audit")
@allow("admin")
@blueprint.arguments(AuditQuery, location="query")
@blueprint.response(200, page_of(AuditSchema))
def get_audit(query: dict[str, Any]) -> dict[str, Any]:
    """List who read or changed what, newest first: lines of the accounts in your division.

    `reveal recipient` and `reveal recipients` are the looks at people unmasked, with the reason.
    """
    limit, cursor = query.pop("limit"), query.pop("cursor", None)
    with doors().database.read() as session:
        return list_audit(session, visitor().scope, WantedLines(**query), limit, cursor)
