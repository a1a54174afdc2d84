"""What was refused, and why."""

from __future__ import annotations

from typing import Any

from schemas.page import PageQuery, page_of
from schemas.rejection import RejectionSchema
from traceapp.access.guard import allow, visitor
from traceapp.access.role import OFFICERS
from traceapp.api.noun import Noun, page_answer
from traceapp.doors import doors
from traceapp.trace.rejection import list_rejections

blueprint = Noun("rejection", __name__, description="Refused messages")


@blueprint.get("/rejections")
@allow(*OFFICERS)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(RejectionSchema))
def get_rejections(query: dict[str, Any]) -> dict[str, Any]:
    """List refused messages, newest first, each with its reason and without its payload."""
    limit, cursor, scope = query["limit"], query.get("cursor"), visitor().scope
    with doors().database.read() as session:
        return page_answer(lambda: list_rejections(session, scope, limit, cursor))
