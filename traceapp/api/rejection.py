"""What was refused, and why."""

from __future__ import annotations

from typing import Any

from schemas.page import PageQuery, page_of
from schemas.rejection import RejectionSchema, ReplayAnswerSchema, ReplaySchema
from traceapp.access.audit import audit
from traceapp.access.guard import allow, visitor
from traceapp.access.role import OFFICERS
from traceapp.api.noun import Noun
from traceapp.capture.replay import ask_for_replay
from traceapp.doors import doors
from traceapp.models.rejection import Rejection
from traceapp.trace.rejection import is_visible, list_rejections

blueprint = Noun("rejection", __name__, description="Refused messages")


@blueprint.get("/rejections")
@allow(*OFFICERS)
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(RejectionSchema))
def get_rejections(query: dict[str, Any]) -> dict[str, Any]:
    """List refused messages, newest first, each with its reason and without its payload."""
    limit, cursor, scope = query["limit"], query.get("cursor"), visitor().scope
    with doors().database.read() as session:
        return list_rejections(session, scope, limit, cursor)


@blueprint.post("/rejections/replay")
@allow(*OFFICERS)
@blueprint.arguments(ReplaySchema)
@blueprint.response(202, ReplayAnswerSchema)
def post_replay(wanted: dict[str, Any]) -> dict[str, Any]:
    """Let the ingester take refused MQTT messages once more, after what was wrong is put right.

    It happens within seconds; what is taken in gets its `replayed_at`, what is refused again
    counts up.
    """
    parts, who, now = doors(), visitor(), doors().clock()
    conditions = [is_visible(who.scope, Rejection.site_code)]
    if "ids" in wanted:
        conditions.append(Rejection.id.in_(wanted["ids"]))
    if "reason" in wanted:
        conditions.append(Rejection.reason == wanted["reason"])
    if "site" in wanted:
        conditions.append(Rejection.site_code == wanted["site"])
    with parts.database.begin() as session:
        asked = ask_for_replay(session, conditions, now)
        audit(session, who.name, "replay refusals", str(asked), now)
    return {"asked": asked}
