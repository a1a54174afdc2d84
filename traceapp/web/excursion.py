"""Excursions: the list, and one with its curve, its e-mails and how far it reached."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from traceapp.access.guard import allow, visitor
from traceapp.access.mask import mask_mails
from traceapp.access.role import READERS
from traceapp.doors import doors
from traceapp.problem import not_found
from traceapp.rules.calendar import CHINA
from traceapp.trace.excursion import Wanted, excursion_document, list_excursions
from traceapp.trace.impact import trace_impact
from traceapp.trace.series import unit_series
from traceapp.web.curve import Curve, draw_curve
from traceapp.web.names import learn_names

blueprint = Blueprint("excursion", __name__)
_PAGE = 50
_POINTS = 1_000
_LONGEST_CURVE = timedelta(days=30)


@blueprint.get("/excursions")
@allow(*READERS)
def excursion_list() -> str:
    """Draw the newest episodes, or those after a cursor."""
    state = request.args.get("state", "")
    wanted = Wanted(state=state if state in ("open", "ended", "closed") else None)
    cursor = request.args.get("cursor") or None
    with doors().database.read() as session:
        page = list_excursions(session, visitor().scope, wanted, _PAGE, cursor)
        learn_names(session, page)
    query = urlencode({"state": state, "cursor": page["next"]})
    older = f"/excursions?{query}" if page["next"] else None
    return render_template("pages/excursion_list.html", page=page, state=state, older=older)


@blueprint.get("/excursions/<number:number>")
@allow(*READERS)
def excursion(number: str) -> str:
    """Draw one episode."""
    who, now = visitor(), doors().clock()
    with doors().database.read() as session:
        document = excursion_document(session, who.scope, int(number))
        if document is None:
            raise not_found("excursion", number)
        impact = trace_impact(session, who.scope, int(number), now)
        curve = _curve(session, document, now)
        learn_names(session, document, impact)
    shown: dict[str, Any] = mask_mails(document, who.role)
    return render_template("pages/excursion.html", excursion=shown, impact=impact, curve=curve)


def _curve(session: Session, document: dict[str, Any], now: datetime) -> Curve | None:
    """Return the unit's curve from a while before the episode to a while after it."""
    begin: datetime = document["started_at"]
    end: datetime = document["ended_at"] or max(now, begin)
    end = min(end, begin + _LONGEST_CURVE)
    margin = max((end - begin) / 4, timedelta(hours=1))
    last = max(min(end + margin, now), end)
    series = unit_series(session, document["unit"], begin - margin, last, _POINTS)
    return draw_curve(series, CHINA) if series else None
