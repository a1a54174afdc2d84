"""What was refused, and why."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from traceapp.access.guard import allow, visitor
from traceapp.access.role import OFFICERS
from traceapp.doors import doors
from traceapp.trace.rejection import list_rejections

blueprint = Blueprint("rejection", __name__)
_PAGE = 50


@blueprint.get("/rejections")
@allow(*OFFICERS)
def rejection_list() -> str:
    """Draw the newest refusals, or those after a cursor."""
    cursor = request.args.get("cursor") or None
    with doors().database.read() as session:
        page = list_rejections(session, visitor().scope, _PAGE, cursor)
    older = f"/rejections?{urlencode({'cursor': page['next']})}" if page["next"] else None
    return render_template("pages/rejection_list.html", page=page, older=older)
